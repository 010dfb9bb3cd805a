"""Accounts, keys, quotas and an outside issuer, on a service of its own with several gateway processes."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from subprocess import CompletedProcess

import httpx
import jwt
import pytest

from gateway.identity import keyfile
from gateway.identity.login_throttle import FREE_ADDRESS, FREE_PAIR
from tests import commands
from tests.hearing import everywhere
from tests.issuer import AUDIENCE, Issuer
from tests.problems import refused
from tests.servers import eventually
from tests.service import Service

_numbers = itertools.count()


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer() as running:
        yield running


@pytest.fixture(scope="module")
def stack(issuer: Issuer) -> Iterator[Service]:
    """A service that accepts the issuer's tokens."""
    env = {
        "MLSERVICE_GATEWAY_PROCESSES": "3",
        "MLSERVICE_OIDC_ISSUER": issuer.url,
        "MLSERVICE_OIDC_AUDIENCE": AUDIENCE,
    }
    with Service(env=env) as running:
        yield running


def mlservice(stack: Service, *arguments: str, text: str = "") -> CompletedProcess[str]:
    """A command for this service."""
    return commands.mlservice(*arguments, home=stack.home, text=text)


def said(stack: Service, *arguments: str, text: str = "") -> str:
    """What a command writes that succeeds."""
    return commands.said(*arguments, home=stack.home, text=text)


class Account:
    """A new account with a token."""

    def __init__(self, stack: Service, *scopes: str) -> None:
        self.stack = stack
        self.name = f"account{next(_numbers)}"
        self.password = f"correct horse {self.name}"
        commands.add_account(self.name, *scopes, home=stack.home, password=self.password)
        # Other tests fail to log in on purpose, from the same address.
        self.token = eventually(lambda: str(self.login().json().get("access_token", "")), seconds=70, what="a login")

    def login(self, password: str = "", *, address: str = "127.0.0.1") -> httpx.Response:
        """A login from one of this machine's addresses."""
        with httpx.Client(transport=httpx.HTTPTransport(local_address=address)) as client:
            return client.post(f"{self.stack.url}/v1/token", auth=(self.name, password or self.password))

    def status(self, path: str = "/v1/models") -> int:
        return ask(self.stack, self.token, path).status_code


def ask(stack: Service, token: str, path: str = "/v1/models", *, method: str = "GET") -> httpx.Response:
    """One request on a connection of its own."""
    return httpx.request(method, f"{stack.url}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=30)


def test_a_rotated_key_signs_and_the_old_one_is_honoured(stack: Service) -> None:
    account = Account(stack, "estimate")
    old = jwt.get_unverified_header(account.token)["kid"]
    new = said(stack, "keys", "rotate").strip()
    lines = [line.split() for line in said(stack, "keys", "list").splitlines()]
    assert [(line[0], line[1]) for line in lines[:2]] == [(new, "EdDSA"), (old, "EdDSA")]
    assert lines[0][-1] == "signs"
    assert lines[1][3:5] == ["honoured", "until"]
    tokens = [account.login().json()["access_token"] for _ in range(6)]
    assert {jwt.get_unverified_header(token)["kid"] for token in tokens} == {new}
    for token in (account.token, *tokens):
        assert {ask(stack, token).status_code for _ in range(6)} == {200}
    published = httpx.get(f"{stack.url}/.well-known/jwks.json")
    assert {new, old} <= {key["kid"] for key in published.json()["keys"]}
    assert not any("d" in key for key in published.json()["keys"])
    key = jwt.PyJWKClient(f"{stack.url}/.well-known/jwks.json").get_signing_key_from_jwt(tokens[0])
    assert jwt.decode(tokens[0], key, audience="mlservice", issuer="mlservice")["sub"] == account.name


def test_a_rotation_at_once_ends_the_tokens_that_are_remembered(stack: Service) -> None:
    account = Account(stack, "estimate")
    everywhere(account.status, 200)
    new = said(stack, "keys", "rotate", "--at-once").strip()
    everywhere(account.status, 401)
    assert [entry.kid for entry in keyfile.read(stack.home.token_keys)] == [new]
    account.token = account.login().json()["access_token"]
    everywhere(account.status, 200)
    stack.http.headers["Authorization"] = f"Bearer {stack.token()}"


def test_a_token_ends_itself_everywhere_and_no_other(stack: Service) -> None:
    account = Account(stack, "estimate")
    other = account.login().json()["access_token"]
    everywhere(account.status, 200)
    answer = ask(stack, account.token, "/v1/token", method="DELETE")
    assert (answer.status_code, answer.content) == (204, b"")
    everywhere(account.status, 401)
    assert ask(stack, other).status_code == 200


@pytest.mark.parametrize("how", ["token", "input", "id"])
def test_an_operator_ends_a_token(stack: Service, how: str) -> None:
    account = Account(stack, "estimate")
    everywhere(account.status, 200)
    token_id = jwt.decode(account.token, options={"verify_signature": False})["jti"]
    given = {"token": account.token, "input": "-", "id": token_id}[how]
    printed = said(stack, "token", "--revoke", given, text=f"{account.token}\n" if how == "input" else "")
    assert printed.startswith(token_id)
    assert (f"of {account.name} is refused until" in printed) == (how != "id")
    everywhere(account.status, 401)


def test_an_operator_ends_a_token_of_the_outside_issuer(stack: Service, issuer: Issuer) -> None:
    token = issuer.token(sub="joan", exp=int(time.time()) + 30 * 86400)
    everywhere(lambda: ask(stack, token).status_code, 200)
    assert "of oidc:joan is refused until" in said(stack, "token", "--revoke", token)
    everywhere(lambda: ask(stack, token).status_code, 401)


def test_there_is_no_token_for_a_disabled_account(stack: Service) -> None:
    account = Account(stack, "estimate")
    said(stack, "user", "disable", account.name)
    done = mlservice(stack, "token", account.name)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"the account {account.name} is disabled" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_account_is_disabled_and_enabled(stack: Service) -> None:
    account = Account(stack, "estimate")
    everywhere(account.status, 200)
    said(stack, "user", "disable", account.name)
    everywhere(account.status, 401)
    assert account.login().status_code == 401
    said(stack, "user", "enable", account.name)
    everywhere(account.status, 200)
    assert account.login().status_code == 200


def test_another_password_ends_the_tokens(stack: Service) -> None:
    account = Account(stack, "estimate")
    everywhere(account.status, 200)
    said(stack, "user", "passwd", account.name, "--password-stdin", text="another password\n")
    everywhere(account.status, 401)
    assert account.login().status_code == 401
    account.token = account.login("another password").json()["access_token"]
    everywhere(account.status, 200)


def test_scopes_change_at_once_and_may_name_a_model(stack: Service) -> None:
    account = Account(stack, "estimate")
    everywhere(lambda: account.status("/v1/models/secret"), 404)
    said(stack, "user", "scopes", account.name, "--scope", "estimate:housing", "--scope", "tasks:read")
    everywhere(lambda: account.status("/v1/models/secret"), 403)
    assert account.status("/v1/models/housing") == 404
    answer = httpx.post(
        f"{stack.url}/v1/models/secret/estimate",
        json={"rows": [[1]]},
        headers={"Authorization": f"Bearer {account.token}"},
    )
    refused(answer, 403, "needs the scope estimate (for this model alone: estimate:secret)")
    assert 'scope="estimate"' in answer.headers["WWW-Authenticate"]
    listed = json.loads(said(stack, "user", "list", "--json"))
    (shown,) = (entry for entry in listed if entry["name"] == account.name)
    assert shown["scopes"] == ["estimate:housing", "tasks:read"]
    assert f"{account.name}\testimate:housing,tasks:read" in said(stack, "user", "list").splitlines()


def test_a_quota_holds_for_all_processes_together(stack: Service) -> None:
    account = Account(stack, "estimate")
    said(stack, "user", "quota", account.name, "--requests-per-second", "4")
    eventually(lambda: "RateLimit" in ask(stack, account.token).headers, what="the quota")
    begun = time.monotonic()
    # Together, so that they are more than the quota on a slow machine too.
    with ThreadPoolExecutor(40) as threads:
        answers = list(threads.map(lambda _: ask(stack, account.token), range(40)))
    seconds = time.monotonic() - begun
    admitted = sum(answer.status_code == 200 for answer in answers)
    assert 1 <= admitted <= 4 + 4 * seconds
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited
    refused(limited[0], 429, "4 requests a second")
    assert limited[0].headers["Retry-After"] == "1"
    assert limited[0].headers["RateLimit-Policy"] == '"requests";q=4;w=1'
    assert limited[0].headers["RateLimit"].startswith('"requests";r=0;t=')
    said(stack, "user", "quota", account.name, "--requests-per-second", "default")
    everywhere(account.status, 200)


def test_so_much_work_of_an_account_may_be_unfinished_and_no_more(stack: Service) -> None:
    bounded, free = Account(stack, "estimate"), Account(stack, "estimate")
    said(stack, "user", "quota", bounded.name, "--queued-items", "5")

    def submit(account: Account) -> httpx.Response:
        headers = {"Authorization": f"Bearer {account.token}"}
        return httpx.post(f"{stack.url}/v1/models/none/estimate", headers=headers, json={"rows": [[1]]})

    with stack.halted("worker-estimate"), ThreadPoolExecutor(20) as threads:
        for account in (bounded, free):
            assert submit(account).status_code == 202
        answers = list(threads.map(submit, [bounded, free] * 20))
    refusals = [answer for answer in answers[::2] if answer.status_code == 429]
    assert [answer.status_code for answer in answers[1::2]] == [202] * 20
    assert [answer.status_code for answer in answers[::2] if answer not in refusals] == [202] * 4
    refused(refusals[0], 429, "5 tasks that are not finished")
    assert int(refusals[0].headers["Retry-After"]) >= 1
    assert refusals[0].headers["RateLimit-Policy"] == '"queued";q=5'
    assert refusals[0].headers["RateLimit"].startswith('"queued";r=0;t=')
    eventually(lambda: submit(bounded).status_code == 202, what="room for more, once work has ended")


def test_so_many_rows_are_predicted_for_an_account_and_no_more(stack: Service) -> None:
    rows = [{"a": number, "y": number} for number in range(50)]
    assert stack.init("rows", {"rows": rows}, target="y").status_code == 200
    assert stack.train("rows", params={"num_iterations": 3}).status_code == 200
    account = Account(stack, "estimate", "tasks:read")
    said(stack, "user", "quota", account.name, "--rows-per-second", "100")
    headers = {"Authorization": f"Bearer {account.token}", "Prefer": "wait=20"}

    def estimate(rows: int) -> httpx.Response:
        return httpx.post(f"{stack.url}/v1/models/rows/estimate", headers=headers, json={"rows": [[1]] * rows})

    eventually(lambda: "rows" in estimate(1).headers.get("RateLimit-Policy", ""), what="the quota")
    assert len(estimate(700).json()["predictions"]) == 700
    problem = estimate(1)
    refused(problem, 429, "100 rows a second")
    assert 1 <= int(problem.headers["Retry-After"]) <= 7
    assert httpx.get(f"{stack.url}/v1/tasks", headers=headers).status_code == 200
    time.sleep(float(problem.headers["Retry-After"]))
    assert estimate(1).status_code == 200


def test_failed_logins_are_slowed_and_the_right_password_works_after_the_pause(stack: Service) -> None:
    account = Account(stack, "estimate")
    answers: list[httpx.Response] = []

    def guess() -> bool:
        answers.append(account.login("wrong password"))
        return answers[-1].status_code == 429

    # On a busy machine a guess may take longer than the first pauses.
    eventually(guess, seconds=60, what="a pause")
    assert [answer.status_code for answer in answers[:FREE_PAIR]] == [401] * FREE_PAIR
    refused(answers[-1], 429, "too many logins failed")
    assert int(answers[-1].headers["Retry-After"]) >= 1
    eventually(lambda: account.login().status_code == 200, seconds=70, what="the end of the pause")
    assert account.login("wrong password").status_code == 401


def test_who_knows_a_name_keeps_its_owner_out_nowhere_else(stack: Service) -> None:
    account = Account(stack, "estimate")
    guess = partial(account.login, "wrong password", address="127.0.0.9")
    eventually(lambda: guess().status_code == 429, seconds=60, what="a pause")
    assert [account.login(address="127.0.0.10").status_code for _ in range(3)] == [200] * 3


def test_an_address_cannot_be_made_up(stack: Service) -> None:
    account = Account(stack, "estimate")

    def guess(number: int) -> int:
        headers = {"X-Forwarded-For": f"192.0.2.{number}", "X-Real-IP": f"192.0.2.{number}"}
        return httpx.post(f"{stack.url}/v1/token", auth=(f"guess{number}", "x"), headers=headers).status_code

    numbers = iter(range(250))
    eventually(lambda: guess(next(numbers)) == 429, seconds=60, what="a pause")
    assert next(numbers) <= 2 * FREE_ADDRESS
    eventually(lambda: account.login().status_code == 200, seconds=70, what="the end of the pause")


def test_a_token_of_the_outside_issuer_is_accepted(stack: Service, issuer: Issuer) -> None:
    token = issuer.token(sub="grace", scope="openid estimate:housing")
    everywhere(lambda: ask(stack, token).status_code, 200)
    assert ask(stack, token, "/v1/models/housing").status_code == 404
    assert ask(stack, token, "/v1/models/secret").status_code == 403
    refused(ask(stack, issuer.token(aud="elsewhere")), 401, "another service")
    refused(ask(stack, issuer.token(algorithm="none", key="")), 401)
    said(stack, "user", "add", "oidc:grace", "--scope", "train", "--no-password")
    everywhere(lambda: ask(stack, token, "/v1/models/housing").status_code, 403)
    said(stack, "user", "disable", "oidc:grace")
    everywhere(lambda: ask(stack, token).status_code, 401)


@pytest.mark.parametrize(
    ("arguments", "text", "reason"),
    [
        (["user", "add", "ann", "--scope", "estimate:", "--password-stdin"], "a long secret\n", "no scope 'estimate:'"),
        (["user", "add", "ann", "--password-stdin"], "\n", "password is empty"),
        (["user", "add", "ann", "--no-password"], "", "needs a password"),
        (["user", "passwd", "nobody", "--password-stdin"], "a long secret\n", "no account 'nobody'"),
        (["user", "scopes", "nobody", "--scope", "train"], "", "no account 'nobody'"),
        (["user", "quota", "admin"], "", "--requests-per-second"),
        (["user", "quota", "admin", "--bytes-per-second", "-1"], "", "whole number"),
        (["user", "disable", "nobody"], "", "no account 'nobody'"),
        (["token"], "", "name the account"),
        (["token", "admin", "--scope", "fly"], "", "no scope 'fly'"),
        (["token", "admin", "--revoke", "7"], "", "--revoke takes a token or its id alone"),
        (["token", "--revoke", "nonsense"], "", "neither a token nor the id of one"),
        (["token", "--revoke", "-"], "a.b.c\n", "nothing was ended"),
    ],
)
def test_what_a_command_refuses_is_said_in_one_line(
    stack: Service, arguments: list[str], text: str, reason: str
) -> None:
    done = mlservice(stack, *arguments, text=text)
    assert done.returncode == 1
    assert done.stderr.startswith("mlservice: ")
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_token_for_an_account_may_be_for_one_model(stack: Service) -> None:
    token = said(stack, "token", "admin", "--scope", "estimate:housing").strip()
    assert ask(stack, token, "/v1/models/housing").status_code == 404
    assert ask(stack, token, "/v1/models/secret").status_code == 403


def test_logs_hold_no_key_password_or_token(stack: Service, issuer: Issuer) -> None:
    account = Account(stack, "estimate")
    outside = issuer.token()
    ask(stack, account.token)
    ask(stack, outside)
    account.login("a wrong password")
    secrets = [entry.d for entry in keyfile.read(stack.home.token_keys)]
    secrets += [account.password, account.token, outside, "a wrong password"]
    for path in [*stack.home.logs.iterdir(), stack.folder / "up.log"]:
        text = path.read_text(errors="replace")
        assert not [secret for secret in secrets if secret in text], path.name
