"""python main.py http://127.0.0.1:8080/graphql TOKEN

Reads pages, looks a record up, writes and is refused, and hears of a change.
"""

import asyncio
import sys
from datetime import date

from council import Council
from council.enums import ChangeKind, Locale, RecommendationKind, RecordType, UserErrorCode
from council.input_types import DraftRecommendationInput, LocalizedTextInput


async def follow(council: Council, after: str):
    async for changed in council.follow_changes(after=after, types=[RecordType.RECOMMENDATION]):
        return changed.changes


async def main(url: str, token: str):
    headers = {"Authorization": f"Bearer {token}"}
    council = Council(url=url, headers=headers, ws_url=url.replace("http", "ws"), ws_headers=headers)

    first, last = date(2024, 1, 1), date(2025, 12, 31)
    calendar = await council.meeting_calendar(from_=first, to=last)
    meetings = [edge.node for edge in calendar.meetings.edges]
    assert meetings and all(first <= meeting.starts_on <= last for meeting in meetings)

    groups = await council.working_groups(locale=Locale.RU)
    group = next(group for group in groups.working_groups.nodes if group.code == "WG-A")

    head = await council.feed_head()
    heard = asyncio.create_task(follow(council, head.feed_head))

    def draft(title: list[LocalizedTextInput]):
        text = [LocalizedTextInput(locale=Locale.EN, text="A text")]
        return DraftRecommendationInput(body_id=group.id, kind=RecommendationKind.RECOMMENDATION, title=title, text=text)

    refused = await council.draft_recommendation(draft([]))
    errors = refused.draft_recommendation.user_errors
    assert [(error.code, error.path) for error in errors] == [(UserErrorCode.REQUIRED, ["title"])]
    written = await council.draft_recommendation(draft([LocalizedTextInput(locale=Locale.EN, text="From Python")]))
    change = await asyncio.wait_for(heard, 10)
    assert change.kind == ChangeKind.CREATED
    assert change.record_id == written.draft_recommendation.recommendation.id

    records = await council.records_by_id([change.record_id, group.id])
    assert [record.typename__ for record in records.nodes] == ["Recommendation", "Body"]
    print("Python: ariadne-codegen 0.19 reads, writes, is refused and follows.")


asyncio.run(main(*sys.argv[1:]))
