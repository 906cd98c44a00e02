// Judges cases (a JSON object on each line: policy, action, resource, context) with @cloud-copilot/iam-simulate, which
// the environment has installed; a program of its own, asked over a pipe. Answers a line for each.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const require = createRequire(`${process.env.WHIMBREL_IAM_SIMULATE}/`)
const { runSimulation } = require('@cloud-copilot/iam-simulate')

for await (const line of createInterface({ input: process.stdin })) {
  const { policy, action, resource, context } = JSON.parse(line)
  const answer = await runSimulation(
    {
      request: {
        principal: 'arn:aws:iam::123456789012:role/x',
        action,
        resource: { resource, accountId: '123456789012' },
        contextVariables: context,
      },
      identityPolicies: [{ name: 'p', policy }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  )
  console.log(answer.resultType === 'error' ? `error ${JSON.stringify(answer.errors)}` : answer.overallResult)
}
