"""Reads settings and partners whole, or tells everything that is wrong with them at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from config.consistency import Fault, faults_of
from config.database_url import in_directory
from config.document import Document
from config.errors import ConfigurationError, Problem
from config.fields import Section
from config.partner_set import Partners
from config.partners import PartnersFile
from config.rules_files import with_full_texts
from config.settings import Credentials, FeedListener, NcipListener, PagesListener, Settings, Sip2Listener, State

SectionType = TypeVar("SectionType", bound=Section)
ListenerType = TypeVar("ListenerType", Sip2Listener, NcipListener, FeedListener, PagesListener)


def load_settings(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a file with every path made absolute; ConfigurationError with all that is wrong.

    Of the environment only systemd's STATE_DIRECTORY and CREDENTIALS_DIRECTORY are read, for directories that the
    file leaves unset.
    """
    document = Document.read(path)
    # Arguments of pydantic-settings' own begin with an underscore, and would pass for keys of the file.
    hidden = [name for name in document.tables if name.startswith("_")]
    if hidden:
        raise ConfigurationError(document.problem((name,), "a known key", "an unknown one") for name in hidden)
    return _located(document.judged_by(Settings), path.absolute().parent, environment)


def load_partners(source: Settings | Path, *, demo: bool = False) -> Partners:
    """All partners of a directory, or of the one that settings name; ConfigurationError with all that is wrong.

    What must hold between entries is judged once every file is right by itself. Settings also say whether this is a
    demo, and which dialects their listeners need.
    """
    directory = source.partners.directory if isinstance(source, Settings) else source
    demo = source.demo if isinstance(source, Settings) else demo
    listeners = source.listeners.sip2 if isinstance(source, Settings) else ()
    documents, files = _read_all(_paths(directory))
    partners = Partners.of(files)
    faults = [_problem(fault, documents) for fault in faults_of(files, partners, demo=demo)]
    faults += _unknown_dialects(listeners, partners, directory)
    if isinstance(source, Settings) and source.mail is None:
        faults += _untold_activations(partners, directory)
    if faults:
        raise ConfigurationError(faults)
    return partners


def _located(settings: Settings, base: Path, environment: Mapping[str, str]) -> Settings:
    """The settings with every path absolute: beside the file, or inside the credentials or the state directory."""
    state = _directory(settings.state, base, environment.get("STATE_DIRECTORY"))
    credentials = _directory(settings.credentials, base, environment.get("CREDENTIALS_DIRECTORY"))
    database = settings.database
    changes: dict[str, Section] = {
        "state": _changed(settings.state, directory=state),
        "credentials": _changed(settings.credentials, directory=credentials),
        "partners": _changed(settings.partners, directory=base / settings.partners.directory),
        "database": _changed(
            database,
            url=in_directory(database.url, state),
            password_file=_inside(credentials, database.password_file),
            ca=_inside(base, database.ca),
        ),
        "listeners": _changed(
            settings.listeners,
            sip2=tuple(_with_paths(one, base, credentials) for one in settings.listeners.sip2),
            ncip=tuple(_with_paths(one, base, credentials) for one in settings.listeners.ncip),
            feed=_with_paths(settings.listeners.feed, base, credentials) if settings.listeners.feed else None,
            pages=_with_paths(settings.listeners.pages, base, credentials) if settings.listeners.pages else None,
        ),
    }
    if settings.mail is not None:
        mail = settings.mail
        changes["mail"] = _changed(
            mail,
            password_file=_inside(credentials, mail.password_file),
            ca=_inside(base, mail.ca),
        )
    return settings.model_copy(update=changes)


def _directory(section: State | Credentials, base: Path, given_by_systemd: str | None) -> Path:
    if given_by_systemd and "directory" not in section.model_fields_set:
        # Several directories of one kind come with colons between them; the first is ours.
        return Path(given_by_systemd.partition(":")[0])
    return base / section.directory


def _with_paths(listener: ListenerType, base: Path, credentials: Path) -> ListenerType:
    tls = listener.tls
    if tls is None:
        return listener
    paths = {
        "certificate": base / tls.certificate,
        "key": credentials / tls.key,
        "client_ca": _inside(base, tls.client_ca),
    }
    return _changed(listener, tls=_changed(tls, **paths))


def _inside(directory: Path, path: Path | None) -> Path | None:
    return None if path is None else directory / path


def _changed(section: SectionType, **changes: object) -> SectionType:
    return section.model_copy(update=changes)


def _paths(directory: Path) -> tuple[Path, ...]:
    try:
        paths = tuple(sorted(path for path in directory.iterdir() if path.suffix == ".toml"))
        found = "none"
    except OSError as wrong:
        paths, found = (), (wrong.strerror or "none").lower()
    if not paths:
        raise ConfigurationError([Problem(str(directory), None, "", "a directory with files named *.toml", found)])
    return paths


def _read_all(paths: Iterable[Path]) -> tuple[tuple[Document, ...], tuple[PartnersFile, ...]]:
    documents: list[Document] = []
    files: list[PartnersFile] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            document = Document.read(path)
            tables, unread = with_full_texts(document)
            problems += unread
            files.append(document.judged_by(PartnersFile, tables))
            documents.append(document)
        except ConfigurationError as wrong:
            problems += wrong.problems
    if problems:
        raise ConfigurationError(problems)
    return tuple(documents), tuple(files)


def _problem(fault: Fault, documents: Sequence[Document]) -> Problem:
    place = (*fault.told.place, fault.key) if fault.key else fault.told.place
    return documents[fault.told.file].problem(place, fault.expected, fault.found)


def _untold_activations(partners: Partners, directory: Path) -> Iterator[Problem]:
    # Who is taken in without a PIN is told by mail; where there is none, nobody is.
    for one in partners.initiators.values():
        if one.activations_without_pin:
            key = f"initiators[{one.id}].activations_without_pin"
            yield Problem(
                str(directory), None, key, "0, as the settings have no [mail]", f"{one.activations_without_pin}"
            )


def _unknown_dialects(listeners: Iterable[Sip2Listener], partners: Partners, directory: Path) -> Iterator[Problem]:
    for one in listeners:
        if one.dialect not in partners.dialects:
            expected = f'a dialect named "{one.dialect}", for the listener {one.name}'
            yield Problem(str(directory), None, "dialects", expected, "none")
