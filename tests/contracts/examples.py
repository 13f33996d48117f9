"""A message of each kind with all its fields filled, made from its definition."""

from types import ModuleType
from typing import Any

import msgspec
from msgspec import inspect


def kinds(module: ModuleType) -> dict[str, type[msgspec.Struct]]:
    """The messages that a module defines, by name."""
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == module.__name__
    }


def example(kind: type[Any]) -> Any:
    """Columns have one entry each, so that they fit together."""
    return msgspec.convert(_value(inspect.type_info(kind)), kind, builtin_types=(bytes,))


def _value(kind: inspect.Type) -> Any:
    match kind:
        case inspect.StructType():
            return {field.encode_name: _value(field.type) for field in kind.fields}
        case inspect.ListType():
            return [_value(kind.item_type)]
        case inspect.DictType():
            return {_value(kind.key_type): _value(kind.value_type)}
        case inspect.UnionType():
            return _value(next(each for each in kind.types if not isinstance(each, inspect.NoneType)))
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.BytesType():
            return bytes(range(16))
        case inspect.BoolType():
            return True
        case inspect.IntType():
            return 1
        case inspect.FloatType():
            return 0.5
        case inspect.StrType() | inspect.AnyType():
            return "text"
    raise AssertionError(f"no example of {kind}: say here how one looks")
