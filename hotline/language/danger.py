"""Danger to life or freedom now: suicide, violence, confinement, abduction.

Rules, because a missed emergency costs a life and a person must be able to read why one was or was
not seen: a sign of danger fires unless something says that it is past, told of others, denied,
imagined, a question of law, a figure of speech, or the police doing their work.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from hotline.domain.codes import EmergencyKind
from hotline.language.normalise import plain
from hotline.language.pinyin import fuzzy_syllable, syllables

# Figures of speech and everyday words that contain a sign of danger: removed before looking.
_HARMLESS = re.compile(
    r"[气急累烦吵冤恨笑困热冷疼贵穷难听坑忙吓愁悔丑渴饿](?:都|得|的)?(?:快|要|人)?死(?:我|人|他)?(?:了)?|死活|打死(?:也|都)?不|打不死|死也不|死不|死皮赖脸|死缠"
    r"|死要面子|死亡|死刑|死缓|死者|死因|生死|半死|往死里[扣压宰要]|想死你|想死缓|得要死|得要命|跳楼价|跳楼大?甩卖|要死要活|该死"
    r"|打(?:过|了|一?个|几个|不通|不进|通)?(?:我|他|你|她)?(?:的)?(?:电话|手机|官司|工|听|扫|算|针|牌|麻将|印|折|交道|小报告|欠条|借条|条子|款|卡|车|包|字|游戏|招呼|赏|火机|预防针|压|110|12348|疫苗|篮球|球|井|水|广告)"
    r"|打我(?:了)?(?:欠条|电话|手机)|救命钱|救命恩人|救助|流血又流泪|讲解脱|心血|血汗|绑定|捆绑|关(?:门|店|于|系|心|注|掉|闭|机|键|停)|套牢|杀熟|杀猪盘|杀价|砍价|砍掉|砍了?[一二三四五六七八九十几\d]+万|砍头息"
    r"|自杀式|跳楼机|要命啊|套路贷绑|穷得(?:都)?活不下去|喝出人命"
)
_PAST = re.compile(
    r"去年|前年|上个?月|上个?星期|上个?礼拜|上周|昨天|昨晚|前天|前几天|前些天|前阵子|前段时间|以前|之前|曾经|当年|当时|那年|那时|那次|小时候|早年|年前|月前|天前|多年|上次|上回|上一回"
    r"|过去的|从前|后来|刚结婚|头几年|结婚那|春节的时候|早就|当初|已经报过|(?:打|关|拐|绑|杀|(?<!不)想|扣|锁|囚|砍|捅|寻|试|骗|威胁|拘禁|动|跳|挨|受)过|自杀没成|放出来|逃出来(?:了|以后)|救回来了|救过来|出院|住院花"
    r"|(?:跳楼|自杀|喝农药|上吊|跳河|喝药)(?:后|以后|的人|的工人|死|走|去世|没了|身亡)|抢救无效|没救过来|跳楼的那|(?:打完|打了)我?(?:以后|之后)|现在好了|伤好了|人(?:也)?抓(?:了|到)"
)
_STILL = re.compile(
    r"正在|现在又|今天又|刚才又|还在|又(?:打|动手|在|拿|来|把)|还(?:关|锁|扣|绑|不放|没放|不让)|现在(?:正|还|就|关|锁|在)|此刻|马上|快来|救命|救我|救救"
)
_TOLD = re.compile(
    r"新闻|电视|报纸|听说|听人|听讲|听邻居|据说|网上看|网上说|网上传|抖音|电影|小说|节目|案例|朋友圈|书上|短视频|视频里|群里|报道|论文|某某|宣传|讲课|普法|议论|传谣|谣言|造谣|想了解|写文章"
)
_DENIED = re.compile(
    r"(?:没有?|没人|并?没有人|不是|并非|不会|不算|又不|可没|没说|不曾|从来没|从没|没再|没想|不|未)(?:人|要|想|说|被|去|再|过|有|在|是|真的|什么|要去|想要|拿)*"
    r"(?:自杀|自己死|想死|去死|轻生|寻死|寻短见|跳楼|想不开|打我|打人|打过|打|动手|动过手|关我|被关|关|绑|拐|杀|限制|拿刀|刀|危险|绑架|家暴|割|喝农药|锁|囚|软禁|打架)"
    r"|现在不打|没(?:什么)?危险|不想死|没想死|别误会|不打了|没伤(?:人|着)|不会(?:去)?死|只是吓唬"
)
_IMAGINED = re.compile(
    r"如果|要是|假如|假设|万一|倘若|若是|假使|假若|要假|将来|以后会|会不会|怕以后|怎么防|怎么教|怎样防|预防|假定|比如|打比方"
)
_I_WANT_TO_DIE = re.compile(
    r"(?:我|俺)(?:真的?|就|都|也|只|实在|现在|马上|今天|今晚)*(?:不想(?:再)?活|想死|想自杀|要自杀|去死|要去死|活不下去了|要跳|死了算了|想跳)"
)
_QUESTION = re.compile(r"[吗么]$|怎么|多少|能不能|是不是|可以|哪|咋|不同$|的话")
_SELF_THREAT = re.compile(
    r"(?:我|俺|我们)(?:就|只能|只好|真|真的|也|都|只有)?(?:去|要|想|从.{1,4})?(?:跳|死|吊死|自杀|不活|喝农药|撞死)"
)
_LAW = re.compile(
    r"判(?:几年|多久|多少|刑|什么|死刑|不判|他|吗|离|无期|得|轻|重)|怎么判|会判|要判|也要判|量刑|什么罪|[一-龥]罪(?:$|判|吗|怎|最|和|的|是)|是什么罪|赔不赔|赔多少|赔偿|怎么赔|要赔|能赔|谁赔|不赔|给赔|算不算|算工伤|能算|算是|算正当|算犯"
    r"|犯法|犯罪|违法|合法|责任|负责|能告|怎么告|告他们|可以告|起诉|证据|取证|保险|鉴定|立案|法律规定|怎么规定|什么情况|什么叫|什么是|什么样|多长时间|区别|是什么|怎么申请|定义|坐牢|刑法|处罚|追究|索赔|枪毙|偿命|要拘留"
    r"|抚恤|抚养权|庇护所|干预|告诫书|保护令|妇联|财产|什么时候实施|正当防卫|离婚证据|申请低保|贬值|遗嘱|精神损失|医药费|违约|撤案|谅解|医院有|学校有|怎么离|能离|可以离|想离|要离婚|要跟我离|咋离|脱身|索要|道歉|量一|要多久|报警吗|报警可以|能报警|能不能报警|可以报警|能管|在哪里$|电话是多少|怎么报案|找谁(?:要)?$|怎么领|能查到|砸到我的车"
)
_POLICE = re.compile(
    r"警察|公安|派出所|民警|刑警|看守所|拘留|监狱|戒毒|法院|检察|交警|纪委|刑拘|逮捕|批捕|少管所|留置|劳改|服刑|犯事|进去了|坐牢|取保|保释|监委|精神病院|戒网|法警|被抓(?:了|进|走|去|$)|隔离|拘役|海关|辅警|特警|刑事"
)
_FAMILY_TOOK = re.compile(
    r"(?:前夫|前妻|孩子(?:他|的)?爸|孩子(?:他|的)?妈|他爸|他妈|她爸|她妈|老公|丈夫|男方|女方|婆婆|公婆|婆家|爷爷|奶奶|外婆|岳母|丈母娘|亲爹|亲妈|老婆|男的家|他家里|孩子爸爸|孩子妈妈).{0,8}(?:抢走|抢去|抱走|带走|接走|藏|抢孩子|抢)|离婚.{0,6}抢|抢.{0,4}抚养权"
)
_EVERYDAY_HOLD = re.compile(
    r"辞职|离职|交接|辞工|出院|驾照|毕业证|押金|(?:扣|锁|拖|关|押)(?:了|着|住)?(?:我|我们|我家)?(?:的)?(?:车|货|东西|狗|钱|工钱|工资|证|身份证(?:不还|不给|怎么|要)|电|水|账|卡|店|过道|户口)|车(?:被|给|让)?(?:人)?(?:扣|锁|拖|困)|把(?:我|我们|我家)?(?:的)?(?:车|货|羊|狗|过道|店|水电|大门)|搬东西|过道|不让过|进小区|网店|电梯|我自己不想|合同|门外|店锁门|后院|过路|停车"
)

_OBJECTS = r"(?:我|俺|我们|俺们|咱|咱们|人|他|她|他们|我[家的]?(?:儿子|女儿|老公|老婆|弟弟|弟|哥|姐|妹|爸|妈|孩子|娃|家人|同事|工友|朋友|侄子|孙子|妻子|爱人)|儿子|女儿|弟弟|孩子|娃|工人|同学|家人|小孩|孙子|老人)"
_SIGNS: dict[EmergencyKind, tuple[re.Pattern[str], ...]] = {
    EmergencyKind.SUICIDE: (
        re.compile(
            r"不想活|活不下去|活不成了|活够|活腻|不想再活|不想再撑|不想撑|撑不住了|撑不下去|想死|要死给|去死|该去死|自杀|自尽|寻死|寻短见|轻生|跳(?:楼|河|江|海|湖|桥|崖|水|塔吊|井)|跳下去|跳下来|往下跳|要跳(?:了|$)|准备跳|我就跳"
        ),
        re.compile(
            r"喝(?:了|下|过|点|瓶|的)?.{0,3}(?:农药|百草枯|敌敌畏|老鼠药)|(?:喝|吞|吃)药(?:了|自|死|寻)|(?:吃|吞|喝)(?:了|下|掉)?.{0,8}安眠药|药.{0,5}(?:都|全)?(?:吃|吞|喝)下(?:去|了)|药(?:我)?(?:已经|都|也)?买好|上吊|吊死|割(?:了)?(?:手)?腕|割脉|割腕|卧轨|烧炭|(?:开|打开|拧开)(?:了|着)?.{0,2}(?:煤气|液化气)|把(?:煤气|液化气|天然气).{0,4}开"
        ),
        re.compile(
            r"结束(?:自己|生命|我的|这条|这一切|一切)|一了百了|死了(?:算了|干净|拉倒|得了|就解脱|就好)|死了一了|不如(?:去)?死|还不如死|(?:真|好|很|就)想死|死(?:给|在)(?:他|你|她|你们|他们|法院|厂|门|老板|政府|公司)|死路一条|只有死|只能死|只好死|要死在|让我死|陪我死|一起死|同归于尽|不想(?:活|过)了.{0,4}(?:煤气|死|跳)|绳子.{0,4}(?:拴|系|挂)|遗书.{0,4}(?:写|好)|写(?:好)?(?:了)?遗书"
        ),
        re.compile(
            r"活着(?:还)?(?:没|太累|有什么|有啥|真|干什么|干啥|受罪|没有|好累|也没|就是)|没有?活(?:路|下去|头)|没活路|最后一个?(?:电话|次)|不在(?:人世|这个世)|我(?:马上|很快|明天)?就?不在了|离开这个?世(?:界|上)|今晚就走|(?:站|坐|爬|蹲)(?:在|到|上)?.{0,4}(?:天台|楼顶|楼边|窗台|窗户上|桥上|桥边|江边|河边|塔吊|屋顶|房顶|楼上要跳)|想不开(?:了|要)|不(?:想|要)再?(?:待|呆|留)在(?:世|这个世)|解脱"
        ),
    ),
    EmergencyKind.VIOLENCE: (
        re.compile(
            r"(?:正在?|在)(?:被(?:人|他)?打|.{1,6}打人)|(?:正在?|又在|还在|在|又|正拿.{1,4})(?:这里|这儿|外面|家里|拼命|使劲|一直|使劲儿|对我)?(?:打|揍|砍|踢|踹|抽|殴打|掐|毒打|捶|动手)(?!电话|官司|工|听|算)|正打(?:着|我|人|他|她|呢)|(?:正|在).{0,3}拿.{0,4}(?:刀|棍|皮带|砖|锤|斧).{0,3}(?:打|砍|抽|砸|追)"
        ),
        re.compile(
            r"(?:拿|拎|举|提|抄|握|带|持|揣|挥)(?:着|起|了|出|把|一把|上)*.{0,2}(?:刀|斧|枪|匕首|铁锹|棍|砖头|锤子|锄头|铁锤|钢管|扁担)|持刀|动(?:了)?刀(?:子)?|砍(?:人|我|死|伤|了人)|捅(?:人|我|了|死|伤)|被(?:人)?(?:捅|砍)|追(?:着)?(?:我|砍|打|杀)|有人.{0,6}追我|追杀"
        ),
        re.compile(
            r"(?:要|想|说|会|去|来).{0,6}(?:杀|砍死|弄死|打死|搞死|捅死|掐死|烧死|勒死|炸死)(?:了|掉)?(?:我|俺|他|她|你|人|全家|孩子|我们)|杀人(?:了|啦|啊)|怕.{0,6}(?:杀了我|打死我|弄死)|往死里打"
        ),
        re.compile(
            r"掐(?:着|住|了)?(?:我|她|他|孩子)?(?:的)?(?:脖子|喉咙)|(?:在|又|正|要)(?:掐|勒)我|喘不上气|(?:砸|踹|撞|踢|劈)(?:我家|我的|我们家|我)?(?:的)?(?:大)?门|闯(?:进|到)(?:我|家|屋)|冲进(?:我|家|屋)|家里进(?:来)?(?:了)?(?:坏|贼|人)|堵.{0,6}(?:要杀|要打|打我|打人|砍)"
        ),
        re.compile(
            r"救命|救救|救(?:我|俺)(?!儿子出|女儿出|老公出|出来)|(?:快|来)(?:点)?救|快来人|快(?:点)?(?:派人|派警|报警|叫救护|叫警察|点来|来(?:$|人|啊|救|帮))|叫救护车|血(?:止不住|流不止)|流(?:了)?(?:好多|很多|满地|一地|不少)?血|好多血|(?:满|全|浑)(?:脸|头|身|地)?(?:都)?是血|头破血流|打得.{0,6}(?:不动|昏|吐血|流血)|(?:打出|要出|快出|会出)人命"
        ),
        re.compile(
            r"(?:泼|倒|浇|拎|洒|点)(?:了|上|着)?.{0,6}汽油|汽油.{0,6}(?:泼|倒|浇|洒|点)|点(?:火|着)|放火|打起来(?:了)?|带.{0,8}人.{0,4}(?:打|砍|砸)(?:我|我们|人)|一(?:群|帮|伙)人.{0,6}打|(?:叫|喊)(?:了|来)?.{0,4}人.{0,4}打(?:我|我们|人)|躲(?:在|到|进).{0,6}(?:厕所|卫生间|柜|床底|房间|屋|楼道)|(?:炸|引爆).{0,3}(?:药|我家|房子|楼)"
        ),
        re.compile(
            r"(?:打|揍|捶)(?:了)?(?:我|俺|孩子|我妈|人).{0,10}(?:害怕|好怕|怕|不敢(?:出|回|睡|动)|救|快(?:来|点)|跑不)|(?:害怕|好怕|不敢出|不敢动).{0,8}(?:打我|打人|打俺)|(?:老公|丈夫|男人|男朋友|儿子|他|她|爸|爹|前夫|媳妇)打(?:我|俺)(?:了)?$|(?:刚|刚刚|刚才)(?:又)?(?:被|打|动手|拿|把我打|砍)|打(?:业主|工人|我爸|我妈|我们).{0,3}(?:快|了$|呢|$)"
        ),
        re.compile(
            r"往地上摔|拿(?:着)?开水.{0,3}[泼浇]|挖机开过来.{0,8}人|屋里还有人|打倒在地|把.{0,6}打得.{0,8}(?:快|还|不)|打(?:得|的).{0,3}(?:厉害|凶).{0,6}(?:救命|喊|快)|正在欺负|强奸我|要强奸|非礼我"
        ),
    ),
    EmergencyKind.CONFINEMENT: (
        re.compile(
            rf"(?:把|将|给){_OBJECTS}.{{0,4}}(?:反锁|锁|关|绑|捆|扣|控制|软禁|囚|堵|围|困)(?:在|起|住|着|到|了|$|进|里)"
        ),
        re.compile(
            r"(?:被|让|叫|遭)(?!公司|扣|困难)[^车钱卡]{0,8}?(?:关|锁|绑|捆|扣|软禁|控制|囚禁|拘禁|困|看|押)(?:在|起来|着|住|了(?:好|两|三|几|一)|到)"
        ),
        re.compile(
            r"(?=.*(?:[关锁看扣绑堵围押窝拘困]|宿舍|屋|传销|他们|保安|收(?:了|走)))"
            r".*(?:不让|不准|不许|不给|不放|不叫|没让)(?:我|我们|俺|俺们|人|他|她|她们|他们|工人)?(?:走|出去|出门|出来|离开|回家|下楼|出屋)"
        ),
        re.compile(
            r"(?:扣|押|绑|锁|看|关|控制)(?:着|住|了)(?:人|我|我们|我儿子|我老公|我家人)(?!(?:们)?的?(?:工钱|工资|钱|身份证|证|东西|货|车|押金|户口|手机|材料|毕业|提成|奖金|运费|卡))|不放人|才放(?:人)?$|软禁|囚禁|限制.{0,3}自由|非法拘禁|门从外面锁|绑起来|绑在|捆起来|我被绑|被绑着|关(?:在|到)?地下室"
        ),
        re.compile(
            r"(?:出不去|出不来|跑不掉|逃不掉|逃不出|走不了|回不来).{0,8}(?:关|锁|看|扣|传销|他们|被)|(?:关|锁|看|扣|传销|被骗|被人|屋|院).{0,12}(?:出不去|出不来|跑不掉|逃不|走不了|不让走|回不来)|传销.{0,8}(?:收了|没收|看着|救|出不|跑不|不让|窝)|(?:在|进).{0,3}传销窝"
        ),
        re.compile(
            r"看着(?:我|我们|人).{0,6}(?:不|走)|偷偷打的?电话|(?:手机|身份证).{0,4}(?:收|扣|没收).{0,6}(?:不让|不放|不准|出不)"
        ),
    ),
    EmergencyKind.ABDUCTION: (
        re.compile(r"人贩子|绑架|赎金|绑票|要钱才放|绑走"),
        re.compile(
            r"(?:孩子|小孩|儿子|女儿|孙子|孙女|娃|姐|妹|弟|姑娘|老婆|小孩子|宝宝|闺女|侄女|侄子|丫头|小朋友).{0,8}(?:被|让|给|叫).{0,8}(?:抱走|拐|抢走|绑|带走|拉走|拉上|掳|骗走|偷走|抢了)|(?:抢|偷|抱走|拐走|拐)(?:了)?(?:我)?(?:家)?(?:的)?(?:孩子|小孩|娃|孙子|孙女|儿子|女儿|人家孩子)|把.{0,3}(?:孩子|小孩|孙子|孙女|儿子|女儿|娃|姐|妹).{0,4}(?:抢走|抱走|拐走|拖上车|拉上车|带走了不知)"
        ),
        re.compile(
            r"被拐|拐(?:走|卖|跑)|(?:硬|强行|使劲)?(?:拉|拖|拽|塞|推|绑)(?:我|她|他|人|我.{1,3})?(?:上|进)(?:了)?(?:一辆|一台|他们的|了|面包)?.{0,2}车|(?:卖|骗)(?:到|去|进)(?:了)?.{0,4}(?:山里|山区|缅|国外|柬埔寨|外地|境外|大山|东南亚|园区)|(?:我|姐|妹|女儿|她|人)被(?:人)?卖(?:了|到|给)|要(?:把)?我?卖掉|缅北|缅甸|被骗出国"
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Danger:
    """A sign of danger: which kind, whether it counts, what was seen and what speaks against it."""

    kind: EmergencyKind
    live: bool
    sign: str
    against: str = ""
    heard: int = 0
    """Syllables of the longest phrase that only sounds like danger; 0 when the sign is spelt out."""

    @property
    def consent(self) -> float:
        """What the model must at least give an emergency for this sign to count: nothing for words
        spelt out, the less the longer what only sounds like a sign."""
        return {2: 0.12, 3: 0.05}.get(self.heard, 0.0)


@cache
def _phrases_by_sound() -> dict[tuple[str, ...], str]:
    source = resources.files("hotline.language") / "data" / "danger.txt"
    lines = source.read_text(encoding="utf-8").splitlines()
    words = [word for line in lines if not line.startswith("#") for word in line.split()]
    return {
        tuple(syllables(word) if len(word) < 3 else map(fuzzy_syllable, syllables(word))): word
        for word in words
    }


def repaired(bare: str) -> tuple[str, int]:
    """The text with stretches that sound like a phrase of danger written as that phrase: three and
    more syllables by fuzzy sound, two only exactly. Also the length of the longest replaced."""
    sounds = syllables(bare)
    if len(sounds) != len(bare):
        return bare, 0
    phrases = _phrases_by_sound()
    fuzzy = [fuzzy_syllable(sound) for sound in sounds]
    result, position, longest = [], 0, 0
    while position < len(bare):
        for length in (7, 6, 5, 4, 3, 2):
            heard = fuzzy if length > 2 else sounds
            phrase = phrases.get(tuple(heard[position : position + length]))
            if phrase is not None and len(phrase) == length:
                if bare[position : position + length] != phrase:
                    longest = max(longest, length)
                result.append(phrase)
                position += length
                break
        else:
            result.append(bare[position])
            position += 1
    return "".join(result), longest


def find_danger(text: str) -> Danger | None:
    """The most serious sign of danger in a text, live ones first; None without any sign."""
    bare = plain(text)
    seen: Danger | None = None
    for form, heard in dict.fromkeys(((bare, 0), repaired(bare))):
        cleaned = _HARMLESS.sub("呵", form)
        for kind, patterns in _SIGNS.items():
            found = next(
                (match for pattern in patterns if (match := pattern.search(cleaned))), None
            )
            if found is None:
                continue
            against = _against(kind, cleaned)
            danger = Danger(kind, not against, found[0], against, heard)
            if danger.live:
                return danger
            seen = seen or danger
    return seen


def speaks_against(text: str) -> bool:
    """Does anything in a text without a sign of danger speak for a calm question?"""
    bare = plain(text)
    return any(
        pattern.search(bare)
        for pattern in (_TOLD, _DENIED, _LAW, _PAST, _IMAGINED, _POLICE, _QUESTION, _HARMLESS)
    )


def _against(kind: EmergencyKind, text: str) -> str:
    """What says that there is no danger now; empty when nothing does."""
    wish = _I_WANT_TO_DIE.search(text) and not _QUESTION.search(text)
    checks = [
        ("told of others", _TOLD),
        ("denied", _DENIED),
    ]
    if not wish:
        checks.append(("a question of law", _LAW))
    for reason, pattern in checks:
        found = pattern.search(text)
        if found:
            return f"{reason}: {found[0]}"
    past = _PAST.search(text)
    if past and not _STILL.search(text):
        return f"past: {past[0]}"
    imagined = _IMAGINED.search(text)
    if imagined and not (kind is EmergencyKind.SUICIDE and _SELF_THREAT.search(text)):
        return f"imagined: {imagined[0]}"
    if kind in (EmergencyKind.CONFINEMENT, EmergencyKind.ABDUCTION):
        ordinary = _FAMILY_TOOK if kind is EmergencyKind.ABDUCTION else _EVERYDAY_HOLD
        for reason, pattern in (("police", _POLICE), ("ordinary", ordinary)):
            found = pattern.search(text)
            if found:
                return f"{reason}: {found[0]}"
    return ""
