"""People's sign-in where no OpenID Connect issuer is given: a Cognito user pool."""

from __future__ import annotations

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.stacks.review import accept
from infra.stacks.stage import Stage

SESSION = Duration.hours(1)
STAY_SIGNED_IN = Duration.days(30)


class Identity(Construct):
    """A user pool, and the client that our pages and scripts sign in by. Whoever signs up is not a member of anything.

    The pool is retained when the stack goes.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self._pool = cognito.UserPool(
            self,
            "Users",
            user_pool_name=stage.prefix,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            self_sign_up_enabled=True,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            # An address counts once it is proven: invitations are accepted by address.
            keep_original=cognito.KeepOriginalAttrs(email=True),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
                temp_password_validity=Duration.days(3),
            ),
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self._client = self._pool.add_client(
            "Client",
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user_srp=True),
            disable_o_auth=True,
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=SESSION,
            id_token_validity=SESSION,
            refresh_token_validity=STAY_SIGNED_IN,
            write_attributes=cognito.ClientAttributes().with_standard_attributes(email=True, fullname=True),
        )
        accept(self._pool, "COG8", reason="Threat protection comes with the Plus plan, at its price for each user.")
        stack = Stack.of(self)
        CfnOutput(stack, "UserPoolId", value=self._pool.user_pool_id)
        CfnOutput(stack, "UserPoolClientId", value=self._client.user_pool_client_id)

    def sessions(self) -> dict[str, str]:
        """Return the environment that the authorizer verifies user sessions by."""
        issuer = self._pool.user_pool_provider_url
        return self._stage.sessions() | {
            "OIDC_ISSUER": issuer,
            "OIDC_AUDIENCE": self._client.user_pool_client_id,
            "OIDC_JWKS_URL": f"{issuer}/.well-known/jwks.json",
        }
