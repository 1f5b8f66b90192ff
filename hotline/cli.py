"""The ``hotline`` command: a table of what there is; only what is asked for is loaded.

Loading every room takes seconds (database, web server, dictionaries), so the others stand in the
help with their one line and nothing else.
"""

import sys
from importlib import import_module

import typer

from hotline import __version__

COMMANDS = {
    "demo": ("demo:demo", "装好一切，启动热线和参考中枢平台，打一个真实的电话"),
    "up": ("serve:up", "启动热线，直到 Ctrl-C"),
    "hub": ("hub:hub_app", "启动参考中枢平台；推送失败的消息；与平台比对"),
    "pbx": ("serve:pbx_app", "Asterisk：启动、写出配置"),
    "setup": ("setup:setup", "把热线需要的一切装好；已装好的跳过"),
    "doctor": ("setup:doctor", "逐项检查：有什么，缺什么，用哪条命令补上"),
    "models": ("setup:models_app", "取回并校验模型"),
    "call": ("phone:call", "给正在运行的热线打一个真实的电话"),
    "understand": ("words:understand", "听懂一句话：意图、事项、把握，以及热线会怎样回答"),
    "transcribe": ("words:transcribe", "把录音转成文字"),
    "say": ("words:say", "用热线的声音把文字读成录音"),
    "voice": ("voice:voice_app", "热线的声音：提前录制、检查"),
    "knowledge": ("words:knowledge_app", "检查知识库，对照法律原文"),
    "triage": ("orders:triage_app", "工单分类规则：检查、试运行"),
    "match": ("orders:match_app", "工单匹配：学习权重、对照、启用"),
    "evaluate": ("orders:evaluate", "办理评价：按服务事项、岗位、机构、人员"),
    "stats": ("care:stats", "服务指标：接通率、15 秒接通率、满意率与测评率、工单"),
    "calls": ("care:calls", "最近的通话记录"),
    "admin": ("admin:admin_app", "第一位系统管理员；给人员发登录密码"),
    "people": ("people:people_app", "办理工单的人员：登记、角色、停用、删除个人信息"),
    "institutions": ("people:institutions_app", "机构和窗口：列表、从知识库登记、停用"),
    "keys": ("people:keys_app", "接口密钥：发放、更换、撤销"),
    "duty": ("duty:duty_app", "值班表：谁在班、下一班、空缺、登记"),
    "import": ("exchange:import_file", "导入工单诉求、机构、人员、值班（.jsonl .xlsx .csv）"),
    "export": ("exchange:export_file", "导出工单、机构、人员、值班（.jsonl .xlsx）"),
    "standard": ("exchange:standard_app", "数据标准：代码表、JSON Schema"),
    "plan": ("plan:plan_app", "座席测算：公式、全年座席、预测、模拟、成本、报告"),
    "backup": ("care:backup", "备份数据库和录音"),
    "restore": ("care:restore", "从备份恢复"),
    "audit": ("audit:audit_app", "审计链：核对，向平台存证"),
    "privacy": ("care:privacy_app", "个人信息：密钥、删除、清理、审计"),
}
"""Name to where it is (module of ``hotline.commands`` and attribute) and its line in the help."""


def build(wanted: str | None) -> typer.Typer:
    """The application with ``wanted`` loaded and the others as lines of the help."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_root)
    for name, (where, line) in COMMANDS.items():
        if name == wanted:
            module, _, attribute = where.partition(":")
            found = getattr(import_module(f"hotline.commands.{module}"), attribute)
            if isinstance(found, typer.Typer):
                app.add_typer(found, name=name, help=line)
            else:
                app.command(name)(found)
        else:
            app.command(name, help=line)(_elsewhere)
    return app


def _elsewhere() -> None:
    """Stands in the help for a command that was not asked for; never run."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="版本"),
) -> None:
    """12348 公共法律服务热线。设置见 docs/settings.md；先执行 hotline doctor。"""


def main() -> None:
    """Entry point of the ``hotline`` script."""
    wanted = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    build(wanted)()


if __name__ == "__main__":
    main()
