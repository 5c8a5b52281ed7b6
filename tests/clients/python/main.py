"""python main.py http://127.0.0.1:8080/graphql TOKEN

Reads pages, looks a record up, writes and is refused, and hears of a change.
"""

import asyncio
import sys
from datetime import date

from council import Council, GraphQLClientHttpError
from council.enums import ChangeKind, Locale, RecommendationKind, RecordType, UserErrorCode
from council.input_types import DraftRecommendationInput, LocalizedTextInput


async def follow(council: Council, after: str):
    async for changed in council.follow_changes(after=after, types=[RecordType.RECOMMENDATION]):
        return changed.changes


async def main(url: str, token: str):
    headers = {"Authorization": f"Bearer {token}"}
    council = Council(url=url, headers=headers, ws_url=url.replace("http", "ws"), ws_headers=headers)

    first, last = date(2024, 1, 1), date(2025, 12, 31)
    meetings, after = [], None
    while True:
        page = (await council.meeting_calendar(from_=first, to=last, first=2, after=after)).meetings
        meetings += [edge.node for edge in page.edges]
        after = page.page_info.end_cursor
        if not page.page_info.has_next_page:
            break
    assert len(meetings) > 2 and all(first <= meeting.starts_on <= last for meeting in meetings)

    group = (await council.body_by_code("wg-a", locale=Locale.RU)).body
    assert group.code == "WG-A"
    try:
        council.get_data(await council.execute("{ nothing }"))
        raise AssertionError("it is refused")
    except GraphQLClientHttpError as refused:
        # The exception says the status only.
        assert refused.status_code == 422
        assert 'Unknown field "nothing"' in refused.response.json()["errors"][0]["message"]

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
