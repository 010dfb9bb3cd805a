"""Tokens for accounts, also given by somebody else than their holders."""

from __future__ import annotations

from collections.abc import Collection

from gateway.identity.account import Account
from gateway.identity.accounts import OUTSIDE
from gateway.identity.scopes import check_scopes, covers
from gateway.identity.tokens import Token, Tokens
from tasks.errors import Conflict, Forbidden


def grant(tokens: Tokens, account: Account, scopes: Collection[str] = ()) -> Token:
    """A token with these scopes of the account; with all of them if none is named.

    Raises Conflict for an account that is disabled or whose tokens are the outside issuer's, InvalidField for a scope
    that there is not, Forbidden for one that the account does not have.
    """
    if account.disabled:
        raise Conflict(f"the account {account.name} is disabled, its tokens are refused: enable it first")
    if account.name.startswith(OUTSIDE):
        raise Conflict(f"the tokens of {account.name} are made by its issuer")
    if scopes:
        check_scopes(scopes)
    for scope in scopes:
        if not covers(account.scopes, scope):
            had = ", ".join(sorted(account.scopes))
            raise Forbidden(f"the account {account.name} has no scope {scope!r}, only {had}")
    return issue_for(tokens, account, scopes or account.scopes)


def issue_for(tokens: Tokens, account: Account, scopes: Collection[str]) -> Token:
    """A token with these scopes, which the account has; it is good as long as the account's tokens are."""
    return tokens.issue(account.name, scopes, series=account.series, since=account.tokens_since)
