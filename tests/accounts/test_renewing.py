"""Tokens renewed: in time, once, kept before they are used; and logins that end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.accounts.opened import OURS, token, until, world
from tests.idp.tokens import service_account

from dragoman.accounts.records import Owner, Status
from dragoman.errors import ErrorKind, UpstreamFault
from dragoman.observe import metrics

OAUTH = ("claude", "codex", "gemini", "antigravity", "qwen", "kimi", "xai")


@pytest.mark.parametrize("provider", OAUTH)
async def test_a_token_near_its_end_is_renewed_in_the_background(
    tmp_path: Path, provider: str
) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in(provider, mine={"kept": [1]}, **OURS)
        async with here.accounts() as accounts:
            old = await token(accounts, id_)
            assert here.idp.count(provider, "token") == 0
            account = accounts.get(id_)
            assert account is not None
            assert account.expires_at is not None
            lead_s = accounts.provider(provider).lead_s
            lasts_s = account.expires_at - here.clock()
            here.clock.move(lasts_s - min(lead_s, lasts_s / 2) - 1)
            await accounts.refresh_due()
            assert here.idp.count(provider, "token") == 0
            here.clock.move(2)
            await until(lambda: here.idp.count(provider, "token") == 1)
            await accounts.refresh_due()
            new = await token(accounts, id_)
            assert new != old
            assert here.idp.valid(provider, new)
            written = here.file(id_)
            assert written["mine"] == {"kept": [1]}
            inner = written["token"] if provider == "gemini" else written
            assert inner["access_token"] == new
            assert inner["refresh_token"] in here.idp.refresh
            assert inner["refresh_token"] not in here.idp.used
            assert (here.folder / id_).stat().st_mode & 0o777 == 0o600
        assert here.idp.count(provider, "token") == 1


async def test_a_claude_token_of_eight_hours_is_renewed_after_four(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", **OURS)
        async with here.accounts() as accounts:
            here.clock.move(4 * 3600 - 1)
            await accounts.refresh_due()
            assert here.idp.count("claude", "token") == 0
            here.clock.move(1)
            await accounts.refresh_due()
            assert here.idp.count("claude", "token") == 1
            asked = here.idp.asked[-1]
            assert asked.form["grant_type"] == "refresh_token"
            assert asked.headers["user-agent"].startswith("dragoman/")
            assert accounts.get(id_) is not None


async def test_a_lead_longer_than_the_token_lasts_does_not_renew_all_the_time(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        here.idp.lifetime_s["codex"] = 600
        here.logged_in("codex", **OURS)
        async with here.accounts() as accounts:
            here.clock.move(301)
            await accounts.refresh_due()
            await accounts.refresh_due()
            assert here.idp.count("codex", "token") == 1


async def test_a_copilot_login_is_exchanged_at_the_first_request(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("copilot", **OURS)
        async with here.accounts() as accounts:
            first = await token(accounts, id_)
            assert here.idp.valid("copilot", first)
            account = accounts.get(id_)
            assert account is not None
            assert account.fields.text("base_url") == f"{here.idp.url}/copilot/api"
            assert account.plan == "copilot_for_individuals"
            here.clock.move(1501)
            await accounts.refresh_due()
            assert await token(accounts, id_) != first


async def test_a_service_account_signs_for_its_token_and_its_file_stays(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.put(
            "vertex-robots.json",
            {"type": "vertex", "service_account": service_account(), "project_id": "robots"},
        )
        before = (here.folder / "vertex-robots.json").read_bytes()
        async with here.accounts() as accounts:
            first = await token(accounts, "vertex-robots.json")
            assert here.idp.valid("vertex", first)
            assert await token(accounts, "vertex-robots.json") == first
            here.clock.move(3400)
            await accounts.refresh_due()
            second = await token(accounts, "vertex-robots.json")
            assert second != first
            account = accounts.get("vertex-robots.json")
            assert account is not None
            assert account.label == "robot@robots.iam.gserviceaccount.com"
            assert account.projects == ("robots",)
        assert (here.folder / "vertex-robots.json").read_bytes() == before


async def test_a_hundred_requests_at_a_token_s_end_make_one_refresh(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", **OURS)
        async with here.accounts() as accounts:
            here.clock.move(8 * 3600 + 1)
            told = await asyncio.gather(*(token(accounts, id_) for _ in range(100)))
            assert len(set(told)) == 1
            assert here.idp.valid("claude", told[0])
            assert here.idp.count("claude", "token") == 1


async def test_while_a_refresh_is_in_flight_the_old_token_serves(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", **OURS)
        go_on = asyncio.Event()

        async def held() -> None:
            await go_on.wait()

        here.idp.hold_tokens(held)
        async with here.accounts() as accounts:
            old = await token(accounts, id_)
            here.clock.move(5 * 3600)
            await until(lambda: here.idp.count("claude", "token") == 1)
            assert await token(accounts, id_) == old
            go_on.set()
            await accounts.refresh_due()
            assert await token(accounts, id_) != old


async def test_a_new_token_is_in_the_file_before_anybody_gets_it(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", **OURS)
        async with here.accounts() as accounts:
            here.clock.move(9 * 3600)
            told = await token(accounts, id_)
            assert here.file(id_)["access_token"] == told


async def test_a_401_renews_once_and_tells_that_there_is_another_token(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("codex", **OURS)
        async with here.accounts() as accounts:
            source = accounts.source(id_)
            sent = await source.headers()
            told = await asyncio.gather(*(source.refused(sent) for _ in range(20)))
            assert told == [True] * 20
            assert here.idp.count("codex", "token") == 1
            again = await source.headers()
            assert again != sent
            # The host refuses that one too: asking for tokens on and on would not mend it.
            assert await source.refused(again) is False
            assert here.idp.count("codex", "token") == 1
            here.clock.move(31)
            assert await source.refused(again) is True


async def test_a_failed_refresh_is_tried_again_after_longer_and_longer_rests(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", **OURS)
        here.idp.fail_next("claude", "token", 503, {"error": "overloaded"}, times=3)
        async with here.accounts() as accounts:
            old = await token(accounts, id_)
            here.clock.move(4 * 3600)
            for count, rest_s in ((1, 5), (2, 10), (3, 20)):
                await accounts.refresh_due()
                assert here.idp.count("claude", "token") == count
                here.clock.move(rest_s - 1)
                await accounts.refresh_due()
                assert here.idp.count("claude", "token") == count
                assert await token(accounts, id_) == old
                account = accounts.get(id_)
                assert account is not None
                assert account.status is Status.READY
                assert "the provider answered 503: overloaded" in account.message
                here.clock.move(1)
            await accounts.refresh_due()
            account = accounts.get(id_)
            assert account is not None
            assert (account.message, account.next_try_at) == ("", None)


async def test_the_rest_that_the_provider_asks_for_is_kept(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", **OURS)
        here.idp.fail_next("claude", "token", 429, {"error": "slow"}, retry_after="120")
        async with here.accounts() as accounts:
            here.clock.move(9 * 3600)
            with pytest.raises(UpstreamFault) as caught:
                await token(accounts, id_)
            assert caught.value.status == 503
            assert caught.value.retry_after_s == 120
            here.clock.move(119)
            with pytest.raises(UpstreamFault, match="could not be renewed"):
                await token(accounts, id_)
            assert here.idp.count("claude", "token") == 1
            here.clock.move(2)
            assert await token(accounts, id_)


@pytest.mark.parametrize(
    ("provider", "word"), [("claude", "invalid_grant"), ("codex", "refresh_token_reused")]
)
async def test_a_login_that_has_ended_is_dead_for_all_to_see(
    tmp_path: Path, provider: str, word: str
) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in(provider, **OURS)
        here.idp.used |= set(here.idp.refresh)
        before = (here.folder / id_).read_bytes()
        changes: list[int] = []
        async with here.accounts() as accounts:
            accounts.on_change(lambda: changes.append(1))
            here.clock.move(11 * 86400)
            with pytest.raises(UpstreamFault, match="ended by its provider") as caught:
                await token(accounts, id_)
            assert caught.value.kind is ErrorKind.AUTHENTICATION
            account = accounts.get(id_)
            assert account is not None
            assert account.status is Status.DEAD
            assert word in account.message
            assert f"log in again: dragoman login {provider}" in account.message
            assert caught.value.detail == f"{id_}: {account.message}"
            assert changes == [1]
            here.clock.move(86400)
            await accounts.refresh_due()
            assert here.idp.count(provider, "token") == 1
        assert (here.folder / id_).read_bytes() == before
        async with here.accounts() as again:  # a restart does not ask once more
            account = again.get(id_)
            assert account is not None
            assert account.status is Status.DEAD
            assert here.idp.count(provider, "token") == 1
            here.logged_in(provider, **OURS)
            await again.look()
            account = again.get(id_)
            assert account is not None
            assert account.status is Status.READY


async def test_the_end_of_a_login_is_told_to_the_webhook(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("kimi", **OURS)
        here.idp.used |= set(here.idp.refresh)
        async with here.accounts(webhook=f"{here.idp.url}/hook/here") as accounts:
            here.clock.move(4000)
            await until(lambda: here.idp.count("hook", "here") == 1)
            told = here.idp.asked[-1].form
            assert told["event"] == "account-dead"
            shown, _ = metrics.exposition("")
            assert b'dragoman_accounts{provider="kimi",status="dead"} 1.0' in shown
            assert b'dragoman_logins_ended_total{provider="kimi"}' in shown
            assert (told["account"], told["provider"]) == (id_, "kimi")
            assert "rt-kimi" not in str(told)
            assert accounts.all()


async def test_another_program_s_file_is_used_but_not_renewed_until_adopted(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude")
        before = (here.folder / id_).read_bytes()
        async with here.accounts() as accounts:
            assert here.idp.valid("claude", await token(accounts, id_))
            source = accounts.source(id_)
            sent = await source.headers()
            here.clock.move(9 * 3600)
            await accounts.refresh_due()
            with pytest.raises(UpstreamFault, match="claude cannot be used, it is expired"):
                await source.headers()
            assert await source.refused(sent) is False
            account = accounts.get(id_)
            assert account is not None
            assert (account.owner, account.status) == (Owner.OTHER, Status.EXPIRED)
            assert here.idp.count("claude", "token") == 0
            assert (here.folder / id_).read_bytes() == before
            accounts.turn_to(here.options(adopt=True))
            assert here.idp.valid("claude", await token(accounts, id_))
            assert here.file(id_)["managed_by"] == "dragoman"


async def test_what_its_owner_writes_after_a_401_is_taken(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude")
        async with here.accounts() as accounts:
            source = accounts.source(id_)
            sent = await source.headers()
            assert await source.refused(sent) is False
            account = accounts.get(id_)
            assert account is not None
            assert account.status is Status.EXPIRED
            assert "the provider refuses its token" in account.message
            here.logged_in("claude")
            assert await source.refused(sent) is True
            account = accounts.get(id_)
            assert account is not None
            assert account.status is Status.READY


async def test_what_somebody_changes_during_a_renewal_is_kept(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", **OURS)
        async with here.accounts() as accounts:
            here.clock.move(5 * 3600)

            async def edited() -> None:
                here.put(id_, {**here.file(id_), "prefix": "team", "note": "new"})

            here.idp.hold_tokens(edited)
            await accounts.refresh_due()
            written = here.file(id_)
            assert (written["prefix"], written["note"]) == ("team", "new")
            assert written["access_token"] == await token(accounts, id_)
            assert here.idp.count("claude", "token") == 1


async def test_another_login_put_in_place_during_a_renewal_wins(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", **OURS)
        async with here.accounts() as accounts:
            here.clock.move(5 * 3600)

            async def logged_in_anew() -> None:
                here.logged_in("claude", **OURS)

            here.idp.hold_tokens(logged_in_anew)
            await accounts.refresh_due()
            told = await token(accounts, id_)
            assert told == here.file(id_)["access_token"] == "at-claude-ann-2"


async def test_a_file_deleted_during_a_renewal_stays_deleted(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", **OURS)
        async with here.accounts() as accounts:
            here.clock.move(5 * 3600)

            async def deleted() -> None:
                (here.folder / id_).unlink()

            here.idp.hold_tokens(deleted)
            await accounts.refresh_due()
            await accounts.look()
            assert accounts.all() == []
            assert not (here.folder / id_).exists()


async def test_a_renewal_in_flight_at_the_end_is_waited_for(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", **OURS)

        async def slowly() -> None:
            await asyncio.sleep(0.3)

        here.idp.hold_tokens(slowly)
        async with here.accounts():
            here.clock.move(5 * 3600)
            await until(lambda: here.idp.count("claude", "token") == 1)
        assert here.file(id_)["refresh_token"] in here.idp.refresh
        assert here.file(id_)["refresh_token"] not in here.idp.used


async def test_tokens_rotate_under_load_and_no_request_fails(tmp_path: Path) -> None:
    """Each renewal ends the old access token at once, as the strictest provider would."""
    async with world(tmp_path) as here:
        here.idp.revoke_old = True
        ids = [here.logged_in("claude", account, **OURS) for account in ("ann", "bo", "cy")]
        answers: list[int] = []

        async with here.accounts() as accounts:

            async def client(id_: str) -> None:
                source = accounts.source(id_)
                while here.idp.count("claude", "token") < 30:
                    sent = await source.headers()
                    await asyncio.sleep(0)
                    good = here.idp.valid("claude", sent[0][1].removeprefix("Bearer "))
                    if not good and await source.refused(sent):
                        sent = await source.headers()
                        good = here.idp.valid("claude", sent[0][1].removeprefix("Bearer "))
                    answers.append(200 if good else 401)
                    await asyncio.sleep(0.002)

            async def time_passes() -> None:
                for turn in range(1, 11):
                    here.clock.move(4 * 3600 + 1)
                    await until(lambda: here.idp.count("claude", "token") >= 3 * turn)  # noqa: B023
                    await asyncio.sleep(0.03)

            await asyncio.gather(time_passes(), *(client(id_) for id_ in ids * 5))
            assert set(answers) == {200}
            assert len(answers) > 100
            assert all(account.status is Status.READY for account in accounts.all())


async def test_settings_changed_while_it_runs_take_effect(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.logged_in("claude", **OURS)
        other = tmp_path / "other"
        other.mkdir()
        changes: list[int] = []
        async with here.accounts() as accounts:
            accounts.on_change(lambda: changes.append(len(accounts.all())))
            accounts.turn_to(here.options(auth_dir=other))
            assert accounts.all() == []
            accounts.turn_to(here.options())
            assert len(accounts.all()) == 1
            assert changes == [0, 1]
            (other / "kimi-1.json").write_text('{"type":"kimi","access_token":"t"}')
            accounts.turn_to(here.options(auth_dir=other))
            await until(lambda: [one.id for one in accounts.all()] == ["kimi-1.json"])
