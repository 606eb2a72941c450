"""Believable names in Chinese and in pinyin; most are unique in the county, a few repeat, as they do on the ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["COUNTY", "NEIGHBOUR", "RIVER", "Name", "draw_names"]

FIRST = (
    "石 Shi,龙 Long,大 Da,青 Qing,白 Bai,黄 Huang,马 Ma,双 Shuang,新 Xin,高 Gao,"
    "金 Jin,银 Yin,红 Hong,黑 Hei,太 Tai,永 Yong,平 Ping,清 Qing,云 Yun,凤 Feng,"
    "竹 Zhu,松 Song,梅 Mei,柏 Bai,桂 Gui,罗 Luo,杨 Yang,周 Zhou,孔 Kong,蒋 Jiang,"
    "三 San,五 Wu,九 Jiu,麻 Ma,茶 Cha,盐 Yan,观 Guan,仙 Xian,鱼 Yu,羊 Yang,"
    "牛 Niu,虎 Hu,老 Lao,长 Chang,上 Shang,下 Xia"
)
SECOND = (
    "坪 ping,河 he,溪 xi,沟 gou,坝 ba,山 shan,岭 ling,湾 wan,坡 po,桥 qiao,"
    "塘 tang,寨 zhai,井 jing,岩 yan,洞 dong,林 lin,田 tian,坎 kan,垭 ya,场 chang,"
    "滩 tan,峰 feng,泉 quan,口 kou,屋 wu,庙 miao,堡 bao,梁 liang,渡 du,坳 ao"
)
"""Characters with their pinyin: what a place is like, and what it is."""


@dataclass(frozen=True)
class Name:
    """A name without the word for what it names."""

    zh: str  # chinese characters
    en: str  # pinyin without tones, apostrophe before a vowel


COUNTY = Name("云溪", "Yunxi")
"""The county. Made up."""
NEIGHBOUR = Name("长岭", "Changling")
"""The county around it. Made up."""
RIVER = Name("云溪", "Yunxi")


def draw_names(random: np.random.Generator, count: int, *, repeats: int) -> list[Name]:
    """Draw names."""
    pairs = [(first.split(), second.split()) for first in FIRST.split(",") for second in SECOND.split(",")]
    pool = [
        Name(first[0] + second[0], first[1] + ("'" if second[1][0] in "aeo" else "") + second[1])
        for first, second in pairs
    ]
    taken = {COUNTY.en, NEIGHBOUR.en}
    unique, seen = [], set(taken)
    for place in random.permutation(len(pool)).tolist():
        if pool[place].en not in seen:
            seen.add(pool[place].en)
            unique.append(pool[place])
    fresh = max(1, count - repeats)
    while len(unique) < fresh:
        unique += unique[: fresh - len(unique)]
    names = unique[:fresh]
    return names + [names[fresh - 1 - place % fresh] for place in range(count - fresh)]
