"""How written Chinese is read aloud: figures, marks, polyphones, tones, cuts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.voice.numbers import cardinal, digits, grouped
from ivr.voice.phonemes import syllable_ipa
from ivr.voice.pinyin import lexicon
from ivr.voice.reading import phonemes, pieces, pinyin, spoken

pytestmark = pytest.mark.unit

SPOKEN = [
    # quantities
    ("200元", "二百元"),
    ("2000元", "两千元"),
    ("20000元", "两万元"),
    ("22个", "二十二个"),
    ("12个月", "十二个月"),
    ("2个月", "两个月"),
    ("2人", "两人"),
    ("2倍工资", "两倍工资"),
    ("2级伤残", "二级伤残"),
    ("2号楼", "二号楼"),
    ("101条", "一百零一条"),
    ("110人", "一百一十人"),
    ("110多人", "一百一十多人"),
    ("10005元", "一万零五元"),
    ("1,234,567元", "一百二十三万四千五百六十七元"),
    ("3.5", "三点五"),
    ("0.05", "零点零五"),
    ("1.5倍", "一点五倍"),
    ("24小时", "二十四小时"),
    ("7×24小时", "七乘二十四小时"),
    ("18周岁", "十八周岁"),
    ("90㎡", "九十平方米"),
    ("-5℃", "负五摄氏度"),
    ("3~5天", "三到五天"),
    ("1-3年", "一到三年"),
    ("3至5年", "三至五年"),
    ("1/3", "三分之一"),
    ("3:1", "三比一"),
    # money
    ("3500元", "三千五百元"),
    ("¥3500", "三千五百元"),
    ("￥3,500.50元", "三千五百元五角"),
    ("1.2万元", "一点二万元"),
    ("2万元", "两万元"),
    ("0.5元", "五角"),
    ("12.05元", "十二元零五分"),
    ("3000-5000元", "三千到五千元"),
    ("1.2-1.5万元", "一点二到一点五万元"),
    ("100元/月", "一百元每月"),
    # percent
    ("10%", "百分之十"),
    ("3.5%", "百分之三点五"),
    ("10%-20%", "百分之十到百分之二十"),
    ("5‰", "千分之五"),
    # dates and times
    ("2024年3月5日", "二零二四年三月五日"),
    ("2024-03-05起", "二零二四年三月五日起"),
    ("2024.3.5", "二零二四年三月五日"),
    ("2024年", "二零二四年"),
    ("2023-2024年", "二零二三到二零二四年"),
    ("二〇二四年", "二零二四年"),
    ("3月15日前", "三月十五日前"),
    ("每月2日", "每月二日"),
    ("2月", "二月"),
    ("100年", "一百年"),
    ("9:00", "九点"),
    ("2:30", "两点三十分"),
    ("17:05", "十七点零五分"),
    ("8:30-17:30", "八点三十分到十七点三十分"),
    ("下午2点", "下午两点"),
    # telephone, order and other numbers
    ("12348", "幺二三四八"),
    ("拨打110或者120", "拨打幺幺零或者幺二零"),
    ("120元", "一百二十元"),
    ("打12356", "打幺二三五六"),
    ("第110条", "第一百一十条"),
    ("96110", "九六幺幺零"),
    ("13855512348", "幺三八，五五五幺，二三四八"),
    ("138-5551-2348", "幺三八，五五五幺，二三四八"),
    ("0551-62345678", "零五五幺，六二三四，五六七八"),
    ("400-123-4567", "四零零，幺二三，四五六七"),
    ("工单号20240305001234", "工单号二零二四，零三零五，零零幺，二三四"),
    ("尾号8866", "尾号八八六六"),
    ("34010419900307888X", "三四零幺零四，幺九九零，零三零七，八八八X"),
    ("AH20240305-0001", "AH，二零二四，零三零五，零零零幺"),
    ("（2024）皖01民初123号", "二零二四皖零幺民初幺二三号"),
    ("请按1，转人工按0", "请按一，转人工按零"),
    ("按*键或#键", "按星号键或井号键"),
    # law and marks
    ("第85条", "第八十五条"),
    ("《民法典》第1165条第2款", "民法典第一千一百六十五条第二款"),
    ("人（含子女）的", "人，含子女，的"),
    ("劳动/劳务合同", "劳动、劳务合同"),
    ("用人单位——公司", "用人单位，公司"),
    ("您好……", "您好。"),
    ("1、投诉；2、仲裁。", "一、投诉；二、仲裁。"),
    ("①投诉②仲裁", "一、投诉二、仲裁"),
    ("第一行\n第二行", "第一行。第二行"),
    ("“好的”，他说。", "好的，他说。"),
    # letters
    ("APP", "APP"),
    ("ａｐｐ", "APP"),
    ("WiFi密码", "无线网密码"),
    ("www.12348.gov.cn", "WWW点幺二三四八点GOV点CN"),
    ("N+1", "N加一"),
    ("Please hold for our staff. 我请", "please hold for our staff。我请"),
    ("OK，好的", "ok，好的"),
]


@pytest.mark.parametrize(("written", "said"), SPOKEN)
def test_written_is_said(written: str, said: str) -> None:
    assert spoken(written) == said


PINYIN = [
    ("银行", "yin2 hang2"),
    ("银行行长", "yin2 hang2 hang2 zhang3"),
    ("发回重审", "fa1 hui2 chong2 shen3"),
    ("犯重婚罪", "fan4 chong2 hun1 zui4"),
    ("严重", "yan2 zhong4"),
    ("人民调解委员会", "ren2 min2 tiao2 jie3 wei3 yuan2 hui4"),
    ("调查取证", "diao4 cha2 qu3 zheng4"),
    ("调岗", "diao4 gang3"),
    ("行政处罚", "xing2 zheng4 chu3 fa2"),
    ("街道办事处", "jie1 dao4 ban4 shi4 chu4"),
    ("公证处", "gong1 zheng4 chu4"),
    ("家长", "jia1 zhang3"),
    ("长期", "chang2 qi1"),
    ("长丰县", "chang2 feng1 xian4"),
    ("给付", "ji3 fu4"),
    ("给您", "gei3 nin2"),
    ("出差", "chu1 chai1"),
    ("差额", "cha1 e2"),
    ("应当", "ying1 dang1"),
    ("应诉", "ying4 su4"),
    ("还钱", "huan2 qian2"),
    ("借钱不还", "jie4 qian2 bu4 huan2"),
    ("还有", "hai2 you3"),
    ("本金应当还", "ben3 jin1 ying1 dang1 huan2"),
    ("按钱数还本金", "an4 qian2 shu4 huan2 ben3 jin1"),
    ("这钱要还的", "zhe4 qian2 yao4 huan2 de5"),
    ("他还应当道歉", "ta1 hai2 ying1 dang1 dao4 qian4"),
    ("多长时间", "duo1 chang2 shi2 jian1"),
    ("干活地或者公司所在地", "gan4 huo2 di4 huo4 zhe3 gong1 si1 suo3 zai4 di4"),
    ("他得您的遗产", "ta1 de2 nin2 de5 yi2 chan3"),
    ("为制止侵害", "wei4 zhi4 zhi3 qin1 hai4"),
    ("认定为工伤", "ren4 ding4 wei2 gong1 shang1"),
    ("可以教您", "ke2 yi3 jiao1 nin2"),
    ("你得去", "ni2 dei3 qu4"),
    ("一议", "yi2 yi4"),
    ("不得", "bu4 de2"),
    ("说得清楚", "shuo1 de5 qing1 chu5"),
    ("合法地进行", "he2 fa3 de5 jin4 xing2"),
    ("种的地", "zhong4 de5 di4"),
    ("宅基地", "zhai2 ji1 di4"),
    ("只有", "zhi2 you3"),
    ("一只狗", "yi4 zhi1 gou3"),
    ("便宜", "pian2 yi5"),
    ("方便", "fang1 bian4"),
    ("角色", "jue2 se4"),
    ("三角", "san1 jiao3"),
    ("了解", "liao2 jie3"),
    ("办不了", "ban4 bu5 liao3"),
    ("走了", "zou3 le5"),
    ("为您服务", "wei4 nin2 fu2 wu4"),
    ("以此为准", "yi2 ci3 wei2 zhun3"),
    ("因为", "yin1 wei4"),
    ("供述", "gong4 shu4"),
    ("提供", "ti2 gong1"),
    ("没收", "mo4 shou1"),
    ("恐吓", "kong3 he4"),
    ("标的物", "biao1 di4 wu4"),
    ("数罪并罚", "shu4 zui4 bing4 fa2"),
    ("丧葬费", "sang1 zang4 fei4"),
    ("会计", "kuai4 ji4"),
    ("变更", "bian4 geng1"),
    ("中毒", "zhong4 du2"),
    ("年假", "nian2 jia4"),
    ("载明", "zai3 ming2"),
    ("不当得利", "bu2 dang4 de2 li4"),
    ("六安市", "lu4 an1 shi4"),
    ("蚌埠", "beng4 bu4"),
    ("涡阳县", "guo1 yang2 xian4"),
    ("歙县", "she4 xian4"),
    ("天长市", "tian1 chang2 shi4"),
    ("当涂县", "dang1 tu2 xian4"),
    ("枞阳", "zong1 yang2"),
    # tones in company
    ("不是", "bu2 shi4"),
    ("不能", "bu4 neng2"),
    ("一个", "yi2 ge5"),
    ("一年", "yi4 nian2"),
    ("一定", "yi2 ding4"),
    ("第一", "di4 yi1"),
    ("统一标准", "tong3 yi1 biao1 zhun3"),
    ("一审判决", "yi1 shen3 pan4 jue2"),
    ("五十一条", "wu3 shi2 yi1 tiao2"),
    ("等一等", "deng3 yi5 deng3"),
    ("1月1日", "yi1 yue4 yi1 ri4"),
    ("可以", "ke2 yi3"),
    ("我可以", "wo3 ke2 yi3"),
    # erhua, letters, figures
    ("一会儿", "yi2 hui4 r5"),
    ("女儿", "nv3 er2"),
    ("幼儿园", "you4 er2 yuan2"),
    ("110", "yao1 yao1 ling2"),
    ("VIP", "wei1 ai4 pi4"),
]


@pytest.mark.parametrize(("written", "syllables"), PINYIN)
def test_characters_are_read(written: str, syllables: str) -> None:
    assert " ".join(pinyin(written)) == syllables


def test_every_reading_of_the_lexicon_has_as_many_syllables_as_characters() -> None:
    wrong = [word for word, reading in lexicon().items() if len(word) != len(reading)]
    assert not wrong


def test_every_reading_of_the_lexicon_can_be_pronounced() -> None:
    for reading in lexicon().values():
        for syllable in reading:
            assert syllable_ipa(syllable)


@pytest.mark.parametrize(
    ("syllable", "ipa"),
    [
        ("zhang3", "ꭧa↓ŋ"),
        ("lv4", "ly↘"),
        ("shi4", "ʂɨ↘"),
        ("de5", "tɤ"),
        ("r5", "ɚ"),
        ("er2", "ɚ↗"),
    ],
)
def test_phonemes_are_those_of_the_model(syllable: str, ipa: str) -> None:
    assert syllable_ipa(syllable) == ipa


def test_english_words_are_said_as_words() -> None:
    assert phonemes("please hold，请") == "plˈiz hˈOld, ʨʰi↓ŋ"


def test_phonemes_keep_words_and_marks() -> None:
    assert phonemes("您好，请讲。") == "ni↗nxau↓, ʨʰi↗ŋ ʨja↓ŋ."


LONG = "老板拖欠工资，可以先向劳动监察部门投诉，也可以申请劳动仲裁，还可以向人民法院申请支付令。"


@pytest.mark.parametrize(("quick", "longest"), [(False, 40), (True, 26)])
def test_long_sentences_are_cut_at_commas(quick: bool, longest: int) -> None:
    parts = pieces(LONG, quick=quick)
    assert all(len(part.text) <= longest for part in parts)
    assert "".join(part.text for part in parts) == LONG
    assert parts[0].pause < parts[-1].pause


def test_whom_we_keep_waiting_hears_a_short_piece_first() -> None:
    assert pieces(LONG, quick=True)[0].text == "老板拖欠工资，"
    assert pieces("请讲。您的问题是什么？", quick=True)[0].text == "请讲。"


def test_what_is_not_long_is_said_in_one_breath() -> None:
    sentence = "对方借钱不还，请保留好借条、转账凭证和聊天记录。"
    assert [part.text for part in pieces(sentence)] == [sentence]


def test_a_piece_never_outgrows_the_model() -> None:
    long = "当事人可以向人民法院申请强制执行" * 12
    parts = pieces(long)
    assert "".join(part.text for part in parts).replace("，", "") == long
    assert max(len(phonemes(part.text)) for part in parts) < 508


@pytest.mark.parametrize("nothing", ["", "  ", "。", "……", "\n", "(!)", "🙂"])
def test_nothing_to_say(nothing: str) -> None:
    assert pieces(nothing) == ()


@given(
    st.text(alphabet="0123456789年月日元%.-:：，。第条号A万两幺零一不了/()（）《》 \n", max_size=40)
)
def test_anything_can_be_read(text: str) -> None:
    for part in pieces(text):
        assert not any(char.isdigit() and char.isascii() for char in part.text)
        phonemes(part.text)
    assert spoken(spoken(text)) == spoken(text)


@given(st.integers(0, 10**15))
def test_cardinals_are_unique_and_without_figures(value: int) -> None:
    words = cardinal(str(value))
    assert words and not any(char in words for char in "0123456789")
    assert cardinal(str(value + 1)) != words


@given(st.text(alphabet="0123456789", min_size=1, max_size=20))
def test_groups_lose_no_figure(figures: str) -> None:
    assert grouped(figures).replace("，", "") == digits(figures)
