"""Whom a request speaks of and with what proof: UserId and AuthenticationInput, sent in every combination."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from protocols.ncip.elements import AuthenticationInput, Problem
from protocols.ncip.messages import CreateUser, DeleteUser, LookupUser, UpdateUser
from protocols.ncip.problems import Trouble, problem
from protocols.ncip.schemes import CARD_INPUT_TYPES, PIN_INPUT_TYPES


@dataclass(frozen=True, slots=True)
class Proof:
    """A PIN or a password, maybe an empty one."""

    word: str = field(repr=False)
    is_password: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """The numbers that a request names a patron by, as they came and without repetition, and the proof if any.

    Several numbers may still be one card, written in several ways; that is for the register to tell. An absent
    proof is not an empty one.
    """

    numbers: tuple[str, ...] = field(default=(), repr=False)
    proof: Proof | None = None


def claim_of(request: LookupUser | CreateUser | UpdateUser | DeleteUser) -> Claim | Problem:
    """Whom a request speaks of, or the problem to answer with: no number, several proofs, or a credential of a kind
    that nobody here can check. Only CreateUser may come without a number, and then without a proof."""
    proof = proof_in(request.authentication_inputs, request.name)
    if isinstance(proof, Problem):
        return proof
    numbers = [request.user_id.user_identifier_value] if request.user_id else []
    numbers += [one.authentication_input_data for one in request.authentication_inputs if _is_card(one)]
    distinct = tuple(dict.fromkeys(number for number in numbers if number))
    if not distinct and (proof is not None or not isinstance(request, CreateUser)):
        return problem(Trouble.NEEDED_DATA_MISSING, request.name, about="UserId")
    return Claim(distinct, proof)


def proof_in(inputs: Iterable[AuthenticationInput], service: str) -> Proof | Problem | None:
    """The one PIN or password among inputs; nothing where there is none, a problem as for `claim_of`."""
    proofs: list[Proof] = []
    for one in inputs:
        if one.authentication_input_type.says(*PIN_INPUT_TYPES):
            proofs.append(Proof(one.authentication_input_data, one.authentication_input_type.says("Password")))
        elif not _is_card(one):
            return problem(Trouble.UNKNOWN_VALUE, service, about="AuthenticationInputType")
    if len(proofs) > 1:
        return problem(Trouble.USER_AUTHENTICATION_FAILED, service, about="AuthenticationInput")
    return proofs[0] if proofs else None


def _is_card(one: AuthenticationInput) -> bool:
    return one.authentication_input_type.says(*CARD_INPUT_TYPES)
