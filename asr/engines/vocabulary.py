"""The words a caller says alone: short answers, in which a recognizer of sentences is at its worst.

A syllable on its own gives Whisper no context: 对 becomes 嘴, 是的 becomes 使用. When what it heard
freely is doubtful and the sound is short, the engine is asked again with these words only.
"""

YES = "对 对的 对对对 是 是的 是啊 嗯 好 好的 行 可以 要 需要 有 没错 同意 愿意"
NO = "不 不是 不对 不要 不用 不用了 没有 没有了 不可以 不行 不同意 不需要"
NUMBERS = "零 一 二 三 四 五 六 七 八 九 十 两"
WISHES = "人工 转人工 找人工 人工服务 再说一遍 没听清 听不清 什么 慢一点 听不懂"
MANNERS = "喂 你好 您好 谢谢 再见 谢谢再见 知道了 不知道 救命"
PLACES = "合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城"
TIMES = "今天 昨天 前天 上个月 今年 去年 前年 一个月 两个月 三个月 半年 一年 两年 三年"
MATTERS = (
    "工资 欠薪 工伤 辞退 社保 离婚 抚养费 彩礼 家暴 继承 赡养 欠钱 借钱 诈骗 交通事故 租房 押金 "
    "物业 房子 土地 合同 法律援助 调解 公证 仲裁 律师 司法鉴定 行政复议"
)

WORDS = tuple(" ".join((YES, NO, NUMBERS, WISHES, MANNERS, PLACES, TIMES, MATTERS)).split())
