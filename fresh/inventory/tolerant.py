"""Read a file that the running interpreter's grammar refuses: Python 2, a newer Python, another encoding.

tree-sitter knows the grammars of all Pythons. Whatever piece of its tree `ast` can read is read by `ast`; where it
can't, the piece is taken apart, down to the names in it. The answer is a tree for the same walk as every other file's.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TypeVar

import tree_sitter_python
from tree_sitter import Language, Node, Parser

from fresh.inventory.words import words

LANGUAGE = Language(tree_sitter_python.language())
DEEPEST = 60
MOST_READING = 12
"""How often the file's own length may be read again in pieces."""
NAMELESS = words("comment type_parameter string_start string_end escape_sequence type_conversion dotted_name")
APART = words(
    "keyword_argument pair slice block else_clause elif_clause except_clause finally_clause case_clause with_clause",
    "with_item parameters lambda_parameters default_parameter typed_parameter typed_default_parameter for_in_clause",
    "if_clause case_pattern as_pattern_target format_specifier",
)
"""What is no statement of its own, although some of it would read like one."""
Compound = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Made = TypeVar("Made", bound=ast.AST)


def parse_tolerantly(source: bytes) -> ast.Module:
    """Read what can be read. Raises SyntaxError with the first place that no grammar knows."""
    try:
        source.decode("utf-8")
    except UnicodeDecodeError:
        # Old files hold Latin-1 in comments and texts; every byte is a letter there, so nothing is lost.
        source = source.decode("latin-1").encode()
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass
    tree = Parser(LANGUAGE).parse(source)
    if tree.root_node.has_error:
        bad = _first_error(tree.root_node)
        raise SyntaxError("no grammar knows this", ("", bad.start_point[0] + 1, bad.start_point[1], None))
    reader = _Reader(source)
    return ast.Module(body=list(reader.statements(tree.root_node.children, 0)), type_ignores=[])


def _first_error(root: Node) -> Node:
    node = root
    while not (node.is_error or node.is_missing):
        worse = next((child for child in node.children if child.has_error or child.is_missing), None)
        if worse is None:
            break
        node = worse
    return node


class _Reader:
    """Turn nodes of tree-sitter into nodes of `ast`, the largest readable pieces first."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self._left = MOST_READING * len(source) + (1 << 16)

    def statements(self, nodes: Iterable[Node], depth: int) -> Iterator[ast.stmt]:
        """Read statements one by one."""
        if depth > DEEPEST:
            raise SyntaxError(f"nested more than {DEEPEST} deep where only tree-sitter reads it")
        for node in nodes:
            if node.is_named and node.type not in NAMELESS:
                whole = [] if node.type in APART else self._whole(node)
                yield from whole or self._taken_apart(node, depth)

    def _whole(self, node: Node) -> list[ast.stmt]:
        """Read a statement as it stands, in a block of its own when it is indented; empty when `ast` can't."""
        margin = self.source[self.source.rfind(b"\n", 0, node.start_byte) + 1 : node.start_byte]
        text = self.source[node.start_byte : node.end_byte]
        if not margin or margin.strip():
            read = self._parse(text)
            found, row = (read.body if read else []), node.start_point[0]
        else:
            read = self._parse(b"if 1:\n" + margin + text)
            block = read.body[0] if read else None
            found, row = (block.body if isinstance(block, ast.If) else []), node.start_point[0] - 1
        for each in found:
            ast.increment_lineno(each, row)
        return found

    def _parse(self, text: bytes) -> ast.Module | None:
        self._left -= len(text)
        if self._left < 0:
            raise SyntaxError("too many pieces of it are read by tree-sitter alone")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    def _taken_apart(self, node: Node, depth: int) -> list[ast.stmt]:
        match node.type:
            case "decorated_definition":
                return self._decorated(node, depth)
            case "function_definition" | "class_definition":
                return [self._definition(node, depth)]
            case "if_statement":
                return [self._condition(node, depth)]
            case "assignment":
                return self._assignment(node, depth)
            case "keyword_argument":
                return list(self.statements(node.children[-1:], depth + 1))
            case "attribute" | "call":
                return self._chain(node, depth)
            case "string":
                return self._text(node) + list(self.statements(node.children, depth + 1))
            case _:
                return list(self.statements(node.children, depth + 1))

    def _text(self, node: Node) -> list[ast.stmt]:
        """Keep the words of a string that only a newer or older grammar reads, as long as nothing is put into it."""
        parts = [child for child in node.children if child.type == "string_content"]
        if len(parts) != 1 or len(node.children) != 3:
            return []
        text = self.source[parts[0].start_byte : parts[0].end_byte].decode("utf-8", "replace")
        return [_located(ast.Expr(ast.Constant(text)), node)]

    def _decorated(self, node: Node, depth: int) -> list[ast.stmt]:
        definition = node.child_by_field_name("definition")
        if definition is None:
            return []
        made = self._definition(definition, depth)
        for child in node.children:
            if child.type == "decorator":
                made.decorator_list += self._expressions(child.children, depth)
        return [made]

    def _definition(self, node: Node, depth: int) -> Compound:
        name = _part(self.source, node, "name")
        bounds = self._expressions(_bounds(node), depth)
        body = list(self.statements(_children(node, "body"), depth + 1)) or [_located(ast.Pass(), node)]
        if node.type == "class_definition":
            bases = self._expressions(_children(node, "superclasses"), depth)
            keywords = [ast.keyword("bound", each) for each in bounds]
            made: Compound = ast.ClassDef(
                name=name, bases=bases, keywords=keywords, body=body, decorator_list=[]
            )
        else:
            kind = ast.AsyncFunctionDef if node.children[0].type == "async" else ast.FunctionDef
            arguments, returns, complete = self._signature(node)
            body += [] if complete else self._defaults(node, depth)
            # This interpreter's tree has no place for bounds; like defaults they are read when the function is made.
            arguments.kw_defaults += bounds
            made = kind(name=name, args=arguments, returns=returns, body=body, decorator_list=[])
        return _located(made, node)

    def _signature(self, node: Node) -> tuple[ast.arguments, ast.expr | None, bool]:
        """Read parameters as they stand, else only their names; say which of both."""
        params, returns = _part(self.source, node, "parameters"), _part(self.source, node, "return_type")
        text = f"def f{params or '()'}{f' -> {returns}' if returns else ''}: pass"
        read = self._parse(text.encode())
        if read is not None and isinstance(read.body[0], ast.FunctionDef):
            return read.body[0].args, read.body[0].returns, True
        names: list[ast.arg] = []
        for child in _children(node, "parameters"):
            name = child.child_by_field_name("name")
            found = [each for each in _below([name or child]) if each.type == "identifier"]
            names += [_located(ast.arg(arg=self._text_of(each)), node) for each in found]
        empty = ast.parse("def f(): pass").body[0]
        assert isinstance(empty, ast.FunctionDef)
        empty.args.args = names
        return empty.args, None, False

    def _defaults(self, node: Node, depth: int) -> list[ast.stmt]:
        """Read the default values of parameters."""
        values = (each.child_by_field_name("value") for each in _children(node, "parameters"))
        return list(self.statements([each for each in values if each is not None], depth + 1))

    def _condition(self, node: Node, depth: int) -> ast.stmt:
        asked = node.child_by_field_name("condition")
        tests = self._expressions([asked], depth) if asked is not None else []
        rest = [child for child in node.children if child != asked]
        body = list(self.statements(rest, depth + 1))
        made = ast.If(test=tests[0] if tests else ast.Constant(True), body=body or [ast.Pass()], orelse=[])
        return _located(made, node)

    def _assignment(self, node: Node, depth: int) -> list[ast.stmt]:
        """Keep the name that is assigned to; its value may be known in part only."""
        target, values = _part(self.source, node, "left"), _children(node, "right")
        right = node.child_by_field_name("right")
        read = self._expressions([right] if right is not None else values, depth)
        if not target.isidentifier() or not read:
            return [_located(ast.Expr(each), node) for each in read]
        stored = ast.Assign(targets=[ast.Name(target, ast.Store())], value=read[0])
        return [_located(stored, node), *(_located(ast.Expr(each), node) for each in read[1:])]

    def _chain(self, node: Node, depth: int) -> list[ast.stmt]:
        """Keep what is called, and the name of an attribute, although the object in front of it is read in pieces."""
        first, *rest = [child for child in node.children if child.is_named] or [node]
        objects = self._expressions([first], depth) or [ast.Constant(None)]
        if node.type == "attribute":
            made: ast.expr = ast.Attribute(objects[0], self._text_of(rest[-1]) if rest else "?", ast.Load())
        else:
            made = ast.Call(objects[0], self._expressions(rest, depth), [])
        return [_located(ast.Expr(_located(made, node)), node)]

    def _expressions(self, nodes: Iterable[Node], depth: int) -> list[ast.expr]:
        found: list[ast.expr] = []
        for each in self.statements(nodes, depth + 1):
            found += [each.value] if isinstance(each, ast.Expr) else []
        return found

    def _text_of(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _children(node: Node, name: str) -> list[Node]:
    part = node.child_by_field_name(name)
    return part.children if part is not None else []


def _bounds(node: Node) -> list[Node]:
    """List the bounds of the type parameters of a definition."""
    params = node.child_by_field_name("type_parameters")
    found = _below([params]) if params is not None else ()
    return [each.children[-1] for each in found if each.type == "constrained_type"]


def _part(source: bytes, node: Node, name: str) -> str:
    part = node.child_by_field_name(name)
    return source[part.start_byte : part.end_byte].decode("utf-8", "replace") if part is not None else ""


def _below(nodes: Iterable[Node]) -> Iterator[Node]:
    waiting = list(nodes)[::-1]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def _located(made: Made, node: Node) -> Made:
    """Say where a node made by hand lies."""
    place = {
        "lineno": node.start_point[0] + 1,
        "end_lineno": node.end_point[0] + 1,
        "col_offset": node.start_point[1],
        "end_col_offset": node.end_point[1],
    }
    for name, value in place.items():
        setattr(made, name, value)
    return made
