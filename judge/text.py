"""What a statement's text says about itself, at a glance."""
import re

#: White space, comments and parentheses, which may stand in front of the first word.
FRONT = re.compile(r"(?:[\s(]|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)

WORD = re.compile(r"[A-Za-z]+")

CANDIDATES = {"select", "values", "table", "with"}

#: What pgweir may call a read begins with one of these.
JUDGED = CANDIDATES | {"explain", "copy"}

#: Commands that may change what a statement means: by their tags, and those that others may hide in.
DEFINING, HIDING = {"CREATE", "ALTER", "DROP", "IMPORT"}, {"create", "do", "call", "execute"}

SESSION = {"set", "reset", "discard", "prepare", "deallocate", "load"}

#: What belongs to a transaction, and ends with it.
LOCAL = re.compile(r"set\s+(local|transaction|constraints)\b", re.IGNORECASE)


def first_word(sql):
    """In lower case."""
    found = WORD.match(sql, FRONT.match(sql).end())
    return found.group().lower() if found else ""


def may_read(sql):
    """Whether its first word is one that reads begin with."""
    return first_word(sql) in CANDIDATES


def sets_session(sql):
    """Whether it leaves something in the session that later statements see."""
    return first_word(sql) in SESSION and not LOCAL.match(sql, FRONT.match(sql).end())


def defines(sql, tags):
    """Whether a text that was answered with these tags may have defined something."""
    return (any(tag.partition(" ")[0] in DEFINING for tag in tags) or first_word(sql) in HIDING
            or names(sql, ["into"]))


def is_ordered(sql):
    """Whether the order of its rows may have been asked for."""
    return re.search(r"\border\s+by\b", sql, re.IGNORECASE) is not None


def names(sql, words):
    """Whether one of these words stands in it."""
    found = {word.lower() for word in re.findall(r"[\w$]+", sql)}
    return any(word.lower() in found for word in words)
