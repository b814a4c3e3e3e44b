"""Readers on small files of our own in the published layouts."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mnemic.bench import TASKS
from mnemic.bench.tasks import beam, code_history, lifebench, locomo, multihop, timeqa
from mnemic.errors import ImportFailed
from mnemic.importers.git_history import commit_text


def put(path: Path, value: object, *, lines: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(map(json.dumps, value)) if lines else json.dumps(value)
    path.write_text(text, encoding="utf-8")
    return path


# -- LoCoMo --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (["D1:3"], {"D1:3"}),
        (["D8:6; D9:17"], {"D8:6", "D9:17"}),
        (["D1:1 D2:2", "D3:3"], {"D1:1", "D2:2", "D3:3"}),
        (["D:11:26"], {"D11:26"}),
        (["D30:05"], {"D30:5"}),
        (["D"], set()),
        ([], set()),
    ],
)
def test_locomo_evidence_is_put_right_where_it_can_be(evidence, expected):
    assert locomo.turns(evidence) == expected


@pytest.fixture
def dialogue(tmp_path):
    def turn(ref, who, text, **more):
        return {"dia_id": ref, "speaker": who, "text": text, **more}

    conversation = {
        "speaker_a": "Ivo",
        "speaker_b": "Mara",
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": [
            turn("D1:1", "Ivo", "I planted a quince tree."),
            turn("D1:2", "Mara", "Lovely!", blip_caption="a watering can", img_url=["x"]),
        ],
        "session_10_date_time": "12:09 am on 13 September, 2023",
        "session_10": [turn("D10:1", "Ivo", "The quince has fruit.")],
        "session_2_date_time": "9:00 am on 1 June, 2023",
        "session_2": [turn("D2:1", "Mara", "I sold the canoe.")],
        "session_3_date_time": "9:00 am on 2 June, 2023",
    }
    qa = [
        {"question": "What tree?", "answer": "quince", "evidence": ["D1:1"], "category": 4},
        {"question": "When?", "answer": "x", "evidence": ["D1:1; D10:1"], "category": 2},
        {"question": "Both?", "answer": "x", "evidence": ["D2:1", "D2:99"], "category": 1},
        {"question": "Never?", "adversarial_answer": "x", "evidence": ["D1:1"], "category": 5},
        {"question": "Broken?", "answer": "x", "evidence": ["D"], "category": 3},
        {"question": "Gone?", "answer": "x", "evidence": ["D77:1"], "category": 3},
    ]
    return put(
        tmp_path / "locomo10.json",
        [{"sample_id": "conv-1", "conversation": conversation, "qa": qa}],
    )


def test_locomo(dialogue):
    for path in (dialogue, dialogue.parent):
        [case] = locomo.read(path)
        assert [row["ref"] for row in case.rows] == ["D1:1", "D1:2", "D2:1", "D10:1"]
        assert case.rows[1]["text"] == "Lovely! [shares a photo: a watering can]"
        assert case.rows[1]["said_at"] == datetime(2023, 5, 8, 13, 56, 1, tzinfo=UTC)
        assert case.rows[3]["session"] == "session_10"
        assert case.rows[3]["said_at"] == datetime(2023, 9, 13, 0, 9, tzinfo=UTC)
        assert [q.category for q in case.questions] == ["single-hop", "temporal", "multi-hop"]
        assert case.questions[1].evidence == {"D1:1", "D10:1"}
        assert {q.now for q in case.questions} == {datetime(2023, 9, 14, 0, 9, tzinfo=UTC)}


def test_locomo_leaves_out_what_memory_cannot_answer_and_says_so(dialogue):
    [case] = locomo.read(dialogue)
    assert case.excluded == {"no answer in memory": 1, "no usable evidence": 2}
    assert case.questions[2].evidence == {"D2:1", "D2:99"}, "a missing turn counts as missed"
    assert case.missing_evidence == 1


# -- BEAM ----------------------------------------------------------------------------------------


def test_beam_normalised_lines(tmp_path):
    conversation = {
        "conv": "100K-99",
        "messages": [
            {"id": 0, "role": "user", "time": "March-15-2024", "content": "My kiln is blue."},
            {"id": 1, "role": "assistant", "time": "", "content": "Noted."},
            {"id": 2, "role": "user", "time": "April-02-2024", "content": "Now it is red."},
            {"id": 3, "role": "assistant", "time": None, "content": " "},
        ],
        "questions": [
            {"qid": "q1", "type": "knowledge_update", "question": "Colour?", "evidence_ids": [2]},
            {"qid": "q2", "type": "abstention", "question": "Owner?", "evidence_ids": []},
        ],
    }
    packed = tmp_path / "beam.jsonl.gz"
    packed.write_bytes(gzip.compress((json.dumps(conversation) + "\n").encode()))
    [case] = beam.read(tmp_path)
    assert [(row["ref"], row["session"]) for row in case.rows] == [
        ("0", "session-1"), ("1", "session-1"), ("2", "session-2"),
    ]  # fmt: skip
    assert case.rows[1]["said_at"] == datetime(2024, 3, 15, 0, 0, 1, tzinfo=UTC)
    assert case.rows[2]["said_at"] == datetime(2024, 4, 2, 0, 0, 2, tzinfo=UTC)
    assert [(q.qid, q.evidence) for q in case.questions] == [("q1", {"2"})]
    assert case.questions[0].now == datetime(2024, 4, 3, tzinfo=UTC)
    assert case.excluded == {"no evidence in memory": 1}
    assert not {"type", "topic", "batch", "meta"} & set().union(*case.rows)


def test_beam_published_folders(tmp_path):
    home = tmp_path / "chats" / "100K" / "7"
    turns = [
        {"role": "user", "id": 0, "time_anchor": "March-15-2024", "index": "1,1",
         "content": "My kiln is blue. ->-> 1,1"},
        {"role": "assistant", "id": 1, "content": "Noted."},
    ]  # fmt: skip
    later = [{"role": "user", "id": 2, "time_anchor": "Soon", "content": "Red ->-> now."}]
    put(home / "chat.json", [{"batch_number": 1, "turns": [turns]}, {"turns": [later]}])
    put(
        home / "probing_questions" / "probing_questions.json",
        {
            "abstention": [{"question": "Owner?"}],
            "event_ordering": [{"question": "Order?", "source_chat_ids": [[0], [2, 2]]}],
            "knowledge_update": [
                {"question": "Hue?", "source_chat_ids": {"original_info": [0], "updated_info": 2}}
            ],
        },
    )
    [case] = beam.read(tmp_path)
    assert case.name == "100K-7"
    assert [row["text"] for row in case.rows] == ["My kiln is blue.", "Noted.", "Red ->-> now."]
    assert {row["said_at"].date().isoformat() for row in case.rows} == {"2024-03-15"}
    assert [(q.category, q.evidence) for q in case.questions] == [
        ("event_ordering", {"0", "2"}), ("knowledge_update", {"0", "2"}),
    ]  # fmt: skip
    assert case.excluded == {"no evidence in memory": 1}


# -- LifeBench -----------------------------------------------------------------------------------


@pytest.fixture
def phone(tmp_path):
    user = tmp_path / "en" / "someone"
    put(user / "phone_data" / "sms.json", [
        {"type": "sms", "event_id": "77", "message_content": "Ferry at nine", "contactName": "Ona",
         "datetime": "2025-02-03 08:15:00", "phone_id": 4},
        {"type": "sms", "event_id": "78", "message_content": "", "phone_id": 5},
    ])  # fmt: skip
    put(user / "phone_data" / "fitness_health.json", [
        {"日期": "2025-02-01", "步行": {"步数": 5000}, "跑步": "none", "phone_id": 1},
    ])  # fmt: skip
    put(user / "phone_data" / "calendar.json", [
        {"title": "Dentist", "start_time": "2025-02-02 10:00:00", "phone_id": 9},
    ])  # fmt: skip
    put(user / "phone_data" / "contact.json", [])
    put(user / "daily_event.json", [{"secret": "generator truth"}])
    put(user / "persona.json", {"secret": "generator truth"})
    put(user / "QA" / "QA_clean.json", [
        {"question": "When is the ferry?", "question_type": "Information Extraction",
         "evidence": [{"type": "sms", "id": 4}], "ask_time": "2025-02"},
        {"question": "Both?", "question_type": "Multi-hop reasoning",
         "evidence": [{"type": "sms", "id": "4"}, {"type": "calendar", "id": "9"}]},
        {"question": "Nobody?", "question_type": "Unanswerable", "evidence": []},
    ])  # fmt: skip
    return user


def test_lifebench(phone):
    for path in (phone, phone.parent, phone.parent.parent):
        [case] = lifebench.read(path)
        assert [row["ref"] for row in case.rows] == ["fitness_health:1", "calendar:9", "sms:4"]
        assert [row["position"] for row in case.rows] == [0, 1, 2]
        assert case.rows[2]["said_at"].isoformat() == "2025-02-03T08:15:00+08:00"
        assert "Ferry at nine" in case.rows[2]["text"]
        assert "77" not in case.rows[2]["text"], "the generator's event is not ingested"
        assert not any("generator truth" in row["text"] for row in case.rows)
        assert [q.evidence for q in case.questions] == [{"sms:4"}, {"sms:4", "calendar:9"}]
        assert case.questions[0].now.isoformat() == "2025-02-28T23:59:00+08:00"
        assert case.questions[1].now - case.rows[2]["said_at"] == timedelta(days=1)
        assert case.excluded == {"no evidence in memory": 1}


def test_lifebench_invents_no_time_for_what_has_none(phone):
    """A contact has no date: it is remembered without one, and does not move the others' times."""
    put(phone / "phone_data" / "contact.json", [{"name": "Ona", "relation": "Aunt", "phone_id": 1}])
    [case] = lifebench.read(phone)
    [contact] = [row for row in case.rows if row["ref"] == "contact:1"]
    assert (contact["said_at"], contact["session"]) == (None, None)
    assert sorted(row["position"] for row in case.rows) == [0, 1, 2, 3]
    assert case.questions[1].now.isoformat() == "2025-02-04T08:15:00+08:00"


# -- MuSiQue, HotpotQA, 2Wiki --------------------------------------------------------------------


def test_musique_with_its_corpus(tmp_path):
    same = "Both passages open with the very same eighty characters, which is not to confuse them: "
    corpus = [
        {"title": "Elbe", "text": same + "one", "idx": 0},
        {"title": "Elbe", "text": same + "two", "idx": 1},
        {"title": "Oder", "text": "A river.", "idx": 2},
    ]
    paragraphs = [
        {"title": "Elbe", "paragraph_text": same + "two", "is_supporting": True, "idx": 0},
        {"title": "Oder", "paragraph_text": "A river.", "is_supporting": False, "idx": 1},
    ]
    put(tmp_path / "musique_corpus.json", corpus)
    put(tmp_path / "musique.json", [
        {"id": "m1", "question": "Which?", "paragraphs": paragraphs, "answerable": True},
        {"id": "m2", "question": "None?", "paragraphs": paragraphs, "answerable": False},
    ])  # fmt: skip
    [case] = multihop.read(tmp_path)
    assert len({row["ref"] for row in case.rows}) == len(case.rows) == 3
    [question] = case.questions
    assert question.category == "musique"
    assert question.evidence == {case.rows[1]["ref"]}
    assert not any(row.get("session") for row in case.rows)
    assert sum(case.excluded.values()) == 1


def test_hotpot_and_2wiki_join_sentences_as_published_or_not(tmp_path):
    context = [["Elbe", ["It flows.", "It ends."]], ["Oder", ["A river."]], ["Iser", ["Cold."]]]
    sample = {"_id": "h1", "question": "Which?", "context": context,
              "supporting_facts": [["Elbe", 0], ["Elbe", 1], ["Iser", 0]]}  # fmt: skip
    put(tmp_path / "a" / "hotpotqa.json", [sample])
    put(tmp_path / "a" / "hotpotqa_corpus.json", dict(context))
    put(tmp_path / "b" / "2wikimultihopqa.json", [sample])
    put(tmp_path / "b" / "2wikimultihopqa_corpus.json", [
        {"title": "Elbe", "text": "It flows. It ends."},
        {"title": "Oder", "text": "A river."},
        {"title": "Iser", "text": "Cold, revised."},
    ])  # fmt: skip
    put(tmp_path / "c" / "2wiki_train.json", [sample])
    cases = list(multihop.read(tmp_path))
    assert [case.questions[0].category for case in cases] == ["hotpotqa", "2wiki", "2wiki"]
    for case in cases:
        titles = {row["ref"]: row["text"].split("\n")[0] for row in case.rows}
        assert len(case.rows) == 3
        assert {titles[ref] for ref in case.questions[0].evidence} == {"Elbe", "Iser"}


# -- code history --------------------------------------------------------------------------------


def test_code_history(tmp_path):
    put(tmp_path / "tool_commits.jsonl", [
        {"id": "a1", "date": "2024-05-01T10:00:00+02:00", "subject": "Retry on 503", "body": "",
         "files": [{"path": "client.py"}, {"path": "src/{old.py => new.py}"},
                   {"path": "a.md => b.md"}, {"path": "src/{lib => }/x.py"}],
         "changelog_only": False},
        {"id": "b2", "date": "2024-05-02T10:00:00+02:00", "subject": "Changelog", "body": "x",
         "files": [], "changelog_only": True},
    ], lines=True)  # fmt: skip
    put(tmp_path / "tool_queries.jsonl", [
        {"qid": "q1", "query": "Retries on 503.", "release": "1", "gold": ["a1"]},
        {"qid": "q2", "query": "Gone.", "release": "1", "gold": ["zz"]},
    ], lines=True)  # fmt: skip
    for path in (tmp_path, tmp_path / "tool_commits.jsonl", tmp_path / "tool_queries.jsonl"):
        [case] = code_history.read(path)
        assert [row["ref"] for row in case.rows] == ["a1", "b2"], "changelog commits stay in"
        named = ["client.py", "src/new.py", "b.md", "src/x.py"]
        assert case.rows[0]["text"] == commit_text("Retry on 503", named)
        assert case.rows[1]["text"] == commit_text("Changelog\n\nx", [])
        assert not any(row.get("session") for row in case.rows)
        assert [(q.category, q.evidence) for q in case.questions] == [("tool", {"a1"})]
        assert case.excluded == {"no evidence in the history": 1}


# -- TimeQA --------------------------------------------------------------------------------------


def test_timeqa(tmp_path):
    first, second = "Ona taught in Turku from 1990 .", "Ona taught in Vaasa from 1996 ."
    context = f"Life\n{first}\n{second}"
    paragraphs = [{"title": "Life", "text": first}, {"title": "Later", "text": second}]

    def sample(number, question, targets, starts):
        return {"idx": f"/wiki/Ona#P1#{number}", "question": question, "context": context,
                "targets": targets, "paragraphs": paragraphs, "from": starts,
                "end": [s + 5 for s in starts]}  # fmt: skip

    samples = [
        sample(0, "Where in 1997?", ["Vaasa"], [context.index("Vaasa")]),
        sample(1, "Where in 1997, unmarked?", ["Vaasa"], []),
        sample(2, "Where in 1950?", [""], [0]),
        sample(3, "Where in 1991?", ["Kemi"], []),
    ]
    packed = tmp_path / "dev.easy.json.gzip"
    packed.write_bytes(gzip.compress("\n".join(map(json.dumps, samples)).encode()))
    [case] = timeqa.read(tmp_path)
    assert len(case.rows) == 2
    assert {row["said_at"] for row in case.rows} == {None}, "an article is said at no time"
    assert [q.evidence for q in case.questions] == [{"/wiki/Ona#1"}] * 2
    assert {q.category for q in case.questions} == {"easy"}
    assert sum(case.excluded.values()) == 2


# -- all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", [locomo, beam, lifebench, multihop, code_history, timeqa])
def test_a_path_without_the_data_is_refused_in_words(reader, tmp_path):
    with pytest.raises(ImportFailed, match="no "):
        list(reader.read(tmp_path))
    with pytest.raises(ImportFailed):
        list(reader.read(tmp_path / "missing"))


def test_a_file_that_is_not_json_is_refused_in_words(tmp_path):
    (tmp_path / "locomo10.json").write_text("<html>not found</html>")
    with pytest.raises(ImportFailed, match="is not JSON"):
        list(locomo.read(tmp_path))


def test_every_task_has_its_reader():
    assert len(TASKS) == 6
