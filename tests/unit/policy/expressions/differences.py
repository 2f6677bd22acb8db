r"""Where ours differs from the vendor's engine on purpose: reasons, and one expression a line."""

from typing import Final

_BY_REASON: Final = {
    "A value that can't be computed fails. The engine's `default` hides some failures; so a policy "
    "would decide by the default although its condition could not be evaluated.": r"""
(attributes.headers.absent ++ 'x') default 'd'
(attributes.headers.x > 5) default 'd'
(attributes.headers.yes and true) default 'd'
""",
    "What can be read in two ways needs parentheses.": r"""
not true == false
not true and false
not false or true
'a' ++ 'b' == 'ab'
'a' ++ 'b' contains 'a'
'z' ++ attributes.headers.absent default 'b'
attributes.headers.absent default 'a' ++ 'b'
'a' ++ 'b' replace 'b' with 'x'
'abc' replace 'b' with 'x' ++ 'y'
'a,b' splitBy ',' contains 'a'
if (true) 'a' else 'b' ++ 'c'
if (true) 'a' else attributes.headers.absent default 'c'
""",
    "Text does not interpolate: `++` says the same, and an unescaped $ is refused.": r"""
'a$(1)b'
'a$(attributes.headers.x)b'
""",
    "A malformed escape is refused.": r"""
'\u004'
""",
    "A name or an index that does not suit an array or an object fails. The engine maps over "
    "arrays and counts members.": r"""
vars.claimSet.aud.x
vars.claimSet.orgs.name
vars.claimSet.realm_access[0]
vars.claimSet.aud['1']
""",
    "Objects can be read, but not compared or joined.": r"""
vars.claimSet.realm_access == vars.claimSet.realm_access
vars.claimSet.realm_access ++ vars.claimSet.realm_access
""",
    "Objects of the request are read by name only.": r"""
attributes.headers
attributes.headers.*x
attributes.headers.x?
attributes.headers[0]
(attributes.headers).x
""",
    "Patterns are RE2's: linear in time, without lookaround, back references and Java's own "
    "classes. A pattern that RE2 would read differently is refused.": r"""
'a' matches /\p{Alpha}/
'a' matches /\u0061/
'a' matches /[[:alpha:]]/
'aa' matches /(a)\1/
'ab' matches /a(?=b)b/
'aaa' matches /a{2,3}+/
'b' matches /[a-c&&[b]]/
""",
    "In RE2, the dot excludes only \\n of all line ends, and \\s does not include \\v.": r"""
'a\rb' matches /a.b/
'a\u0085b' matches /a.b/
'a\u2028b' matches /a.b/
'a\u000b' matches /a\s/
""",
    "A pattern is written out, so that it is compiled when the policy is synced.": r"""
'abc' matches attributes.headers.x
'gold' matches (attributes.headers.x)
""",
    "Patterns are for `matches` only: splitBy and replace take text.": r"""
'a1b22c' splitBy /\d+/
'abc' replace /b/ with 'x'
""",
    "A character is a Unicode character. The engine counts halves of surrogate pairs.": r"""
sizeOf('😀')
'😀'[0]
'a😀' splitBy ''
""",
    "Digits are 0 to 9, as in every other place that reads the number.": r"""
'٣' > 1
isNumeric('٣')
""",
    "Numbers have up to 100 digits on each side of the point, and an exponent up to 9999.": r"""
'1e99999' > 5
1e99999
""",
    "An empty text is found at the end. The engine takes the last character off.": r"""
substringBeforeLast('abc', '')
""",
    "The engine checks the types of literals before it evaluates. Ours does not look at the right "
    "side where the left one decides.": r"""
false and 'x'
true or 'x'
""",
    "Spaces around a dot are allowed.": r"""
attributes . headers . x
""",
    "Outside the subset: arithmetic, comments, object literals and other functions.": r"""
uuid()
1 + 2
1 -1
10 / 2
-attributes.headers.num
-(5)
'1' ~= 1
['a', ]
{a: 1}
`a`
1 /* comment */
vars.claimSet.aud[1.5]
first('abc', 2)
capitalize('abc def')
""",
}

DIFFERENCES: Final = {
    inner: reason
    for reason, expressions in _BY_REASON.items()
    for inner in expressions.strip("\n").split("\n")
}
