"""What is sold: texts of all kinds that a terminal can be shown."""

import functools
import weakref


class Article:
    __slots__ = ("name", "cents", "tags", "__weakref__")

    def __init__(self, name, cents, *tags):
        self.name = name
        self.cents = cents
        self.tags = frozenset(tags)


ARTICLES = [
    Article("green tea", 499, "tea", "hot"),
    Article("Würzige Käsespätzle für größere Gäste", 1250, "food"),
    Article("玄米茶 二百グラム 静岡県産", 1480, "tea", "日本"),
    Article("초콜릿 🍫 상자", 2300, "sweet"),
    Article("cafe\u0301 au lait, e + \u0301", 320, "hot"),
    Article("👩‍👩‍👧‍👦 family box", 9900, "box"),
    Article("\x1b[31mred\x1b[0m \x07bell\x08\x7f \x9b1m C1", 1, "odd"),
    Article("two\nlines\tand a tab", 2, "odd"),
    Article("right to left: \u202eשלום\u202c", 3, "odd"),
    Article("a zero\0byte", 4, "odd"),
    Article("alone: \udc80", 5, "odd"),
    Article("a very long name " * 12, 6, "long"),
]
NAMES = {article.cents: article.name for article in ARTICLES}
NEW = [weakref.ref(article) for article in ARTICLES[:4]]
FEATURED = weakref.WeakValueDictionary({article.cents: article for article in ARTICLES})


@functools.lru_cache(maxsize=64)
def price(cents, count):
    return f"{cents * count / 100:.2f} EUR"


def sale(percent):
    def reduced(article):
        return article.cents * (100 - percent) // 100
    return reduced


SALES = {percent: sale(percent) for percent in (10, 20, 50)}
