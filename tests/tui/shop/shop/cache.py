"""Keeps every order that was ever asked for: the leak."""

ORDERS = {}


class Order:
    def __init__(self, number, customer, article):
        self.number = number
        self.customer = customer
        self.article = article
        self.note = f"order {number:06}"
        self.lines = [{"article": article, "count": 1 + number % 7}]


def load(number, customer, article):
    if number not in ORDERS:
        ORDERS[number] = Order(number, customer, article)
    return ORDERS[number]
