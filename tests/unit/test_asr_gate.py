"""Words that were never said are kept out; words that were said are kept."""

import pytest

from asr.gate import Evidence, refusal, unloop

pytestmark = pytest.mark.unit

PROMPT = ("工伤", "仲裁", "赡养", "法律援助", "公证", "调解")


def heard(
    text: str, logprob: float = -0.4, no_speech: float = 0.02, voiced: float | None = None
) -> str | None:
    voiced = len(text) / 5 if voiced is None else voiced
    return refusal(Evidence(text, logprob, no_speech, voiced, PROMPT))


@pytest.mark.parametrize(
    "text",
    [
        "请不吝点赞订阅转发打赏支持明镜与点点栏目",
        "字幕由某某字幕组制作",
        "谢谢观看",
        "谢谢大家观看",
        "感谢收看",
        "作词作曲李宗盛",
        "优优独播剧场",
        "下期视频再见",
    ],
)
def test_subtitle_phantoms(text: str) -> None:
    assert heard(text) == "phantom"


@pytest.mark.parametrize(
    "text",
    [
        "对",
        "嗯",
        "一",
        "是的",
        "好的谢谢",
        "没有了谢谢再见",
        "我要投诉一个律师",
        "工伤仲裁怎么申请",
        "法律援助",
        "对对对",
        "不是不是不是",
        "一一零",
        "一三八一一一一二二二二",
        "我老公打我我很害怕",
        "下次再见",
        "谢谢你们",
        "我想问作曲的版权",
    ],
)
def test_callers_words_pass(text: str) -> None:
    assert heard(text) is None


def test_loops_are_refused() -> None:
    assert heard("价格价格价格价格价格价格", voiced=9.0) == "repetition"
    assert heard("语" * 20, voiced=9.0) == "repetition"


def test_saying_it_twice_is_human_saying_it_twice_in_a_rush_is_a_loop() -> None:
    assert heard("我要投诉我要投诉", voiced=1.6) is None
    assert heard("开发箱椅子开发箱椅子开发", voiced=1.3) == "repetition"


@pytest.mark.parametrize(
    ("looped", "said"),
    [
        ("开发箱一指开发箱一指开发箱一指开发", "开发箱一指"),
        ("收尽数据将将将将将将将将", "收尽数据将"),
        ("价格价格价格价格价格", "价格"),
        ("公司把我辞退了有没有补偿公司把我", "公司把我辞退了有没有补偿"),
        ("我想离婚他不同意怎么办", "我想离婚他不同意怎么办"),
        ("对对对", "对对对"),
        ("", ""),
    ],
)
def test_unloop(looped: str, said: str) -> None:
    assert unloop(looped) == said


def test_the_prompt_said_back_is_refused_a_question_about_it_is_not() -> None:
    assert heard("工伤仲裁赡养法律援助") == "prompt"
    assert heard("工伤仲裁赡养法律援助怎么申请要什么材料去哪里办") is None


def test_sound_the_engine_takes_for_no_speech() -> None:
    assert heard("拖欠工资", logprob=-0.5, no_speech=0.8) == "no-speech"
    assert heard("拖欠工资", logprob=-0.9, no_speech=0.55) == "unlikely"
    assert heard("拖欠工资", logprob=-0.5, no_speech=0.55) is None
    assert heard("啊啊啊", logprob=-0.5, no_speech=0.4) == "no-speech"
    assert heard("嗯", logprob=-0.9, no_speech=0.4) is None


def test_a_guess_at_noise() -> None:
    assert heard("博士", logprob=-3.3) == "unlikely"


def test_more_syllables_than_the_sound_can_hold() -> None:
    assert heard("我想问一下劳动仲裁怎么申请", voiced=0.3) == "too-fast"


def test_words_of_which_the_vad_found_only_the_end() -> None:
    assert heard("对就用这个号码", voiced=0.51) is None


def test_nothing_is_nothing() -> None:
    assert heard("") == "no-words"
