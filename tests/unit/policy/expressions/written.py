r"""Expressions written by hand, by topic, one a line: what the vendor's engine is asked about."""

from typing import Final

_READING: Final = r"""
attributes.headers['x']
attributes.headers["x"]
attributes.headers.x
attributes.headers.'x'
attributes.headers."x"
attributes['headers']['x']
attributes.headers.absent
attributes.queryParams.q
attributes.queryParams['page']
attributes.queryParams.flag
attributes.queryParams.'é'
attributes.queryParams.absent
attributes.method
attributes.requestPath
attributes.scheme
authentication.principal
authentication.clientId
authentication.clientName
vars.claimSet.sub
vars.claimSet['sub']
vars.claimSet.absent
vars.claimSet.none
vars.claimSet.aud
vars.claimSet.void
vars.claimSet.mixed
"""

_CLAIMS: Final = r"""
vars.claimSet.realm_access.roles
vars.claimSet.realm_access['roles'][0]
vars.claimSet['realm_access'].roles[1]
vars.claimSet.realm_access."roles"
vars.claimSet.realm_access.roles contains 'admin'
vars.claimSet.realm_access.absent
vars.claimSet.realm_access.absent.x.y
vars.claimSet.absent.x
vars.claimSet.none.x
vars.claimSet.deep.a.b.c
vars.claimSet.deep.a.b
vars.claimSet.deep.a.x.c
(vars.claimSet.deep).a.b.c
(vars.claimSet.absent default vars.claimSet.deep).a.b.c
(vars.claimSet.aud)[0]
vars.claimSet.orgs[0].name
vars.claimSet.orgs[-1].id
vars.claimSet.orgs[5].name
vars.claimSet.orgs[1]['name']
[vars.claimSet.deep][0]
vars.claimSet.sub.x
vars.claimSet.sub['x']
vars.claimSet.level.x
vars.claimSet.ok.x
vars.claimSet.aud.x
vars.claimSet.aud[0].x
vars.claimSet.orgs.name
vars.claimSet.realm_access[0]
vars.claimSet.realm_access == null
vars.claimSet.realm_access != null
vars.claimSet.realm_access == 'x'
vars.claimSet.realm_access == vars.claimSet.realm_access
vars.claimSet.realm_access default 'x'
vars.claimSet.realm_access > 1
vars.claimSet.realm_access contains 'roles'
vars.claimSet.realm_access ++ 'x'
vars.claimSet.realm_access ++ vars.claimSet.realm_access
lower(vars.claimSet.realm_access)
sizeOf(vars.claimSet.realm_access)
isEmpty(vars.claimSet.realm_access)
isEmpty(vars.claimSet.bare)
"""

_NUMBERS: Final = r"""
vars.claimSet.one
vars.claimSet.ten
vars.claimSet.kilo
vars.claimSet.mega
vars.claimSet.tiny
vars.claimSet.half
vars.claimSet.zero
vars.claimSet.id
vars.claimSet.long
'' ++ vars.claimSet.one
'' ++ vars.claimSet.ten
'' ++ vars.claimSet.kilo
'' ++ vars.claimSet.mega
'' ++ vars.claimSet.tiny
'' ++ vars.claimSet.half
'' ++ vars.claimSet.zero
'' ++ vars.claimSet.id
'' ++ vars.claimSet.next
'' ++ vars.claimSet.long
vars.claimSet.id == vars.claimSet.next
vars.claimSet.id > vars.claimSet.next
vars.claimSet.id == 9007199254740992
vars.claimSet.id == 9007199254740993
vars.claimSet.kilo == 1000
vars.claimSet.one == 1
vars.claimSet.zero == 0
vars.claimSet.level == 3.0
vars.claimSet.level == '3'
'' ++ 1.0
'' ++ 10.0
'' ++ 100.0
'' ++ 120.50
'' ++ 1e0
'' ++ 1e1
'' ++ 10e1
'' ++ 1E3
'' ++ 1e+3
'' ++ 1E+03
'' ++ 1.50e2
'' ++ 1e-3
'' ++ 0.0000001
'' ++ 0.000001
'' ++ 0.0000010
'' ++ 0.00000010
'' ++ 12e-7
'' ++ 1.5e-7
'' ++ 0e5
'' ++ 0.0
'' ++ -0
'' ++ -0.0
'' ++ -1.50
'' ++ -1e3
'' ++ 0.1
'' ++ 100000000000000000000000
'' ++ 0.30000000000000000000000000000000000001
'' ++ 12345678901234567890.123456789012345678901234567890
0.1 == 0.10
1 == 1.0
1e2 == 100
[1e2] == [100]
-0.0 == 0
1 == -1
-5
-1 < 0
007
.5
5.
1_000
0x10
1e
--5
- 5
1e9999999999
"""

_COMPARISONS: Final = r"""
attributes.headers.num > 5
attributes.headers.num < 5
attributes.headers.num >= 12
attributes.headers.num <= 11.9
5 < attributes.headers.num
attributes.headers.num == 12
attributes.headers.num != 12
attributes.headers.neg < 0
attributes.headers.plus > 6
attributes.headers.dec >= 1.5
attributes.headers.exp > 999
attributes.headers.big > 9007199254740992
attributes.headers.big <= 9007199254740992
attributes.headers.pad > 5
attributes.headers.hex > 5
attributes.headers.x > 5
attributes.headers.empty > 5
attributes.headers.absent > 5
attributes.headers.absent < attributes.headers.num
attributes.headers.num > attributes.headers.neg
attributes.queryParams.page > 2
vars.claimSet.number > 41
vars.claimSet.number == 42
'7.' > 5
'.7' > 0
'7 ' > 5
'1E3' > 5
'1e' > 1
'1,000' > 5
'1_000' > 5
'NaN' > 1
'Infinity' > 1
'--7' < 5
'7f' > 5
'7L' > 5
'0007' > 6
'0007' == 7
'1e400' > 5
'-0' >= 0
'-0' < 0
1 > '1'
1 >= '1'
1 <= '1.0'
1 == '1'
'1' == '1.0'
'2' < '10'
'b' > 'a'
'a' < 'B'
'a' < 'é'
'' < 'a'
true > false
true < false
true >= true
vars.claimSet.ok > attributes.headers.no
vars.claimSet.ok > attributes.headers.caps
attributes.headers.t > false
attributes.headers.yes > false
vars.claimSet.ok > 0
vars.claimSet.aud > 0
vars.claimSet.aud < vars.claimSet.aud
vars.claimSet.none < vars.claimSet.none
attributes.headers.t == true
attributes.headers.t != true
vars.claimSet.ok == 'true'
true == 1
null == null
null == attributes.headers.absent
attributes.headers.absent != null
attributes.headers.x != null
attributes.headers.empty == null
attributes.headers.absent == 'x'
null == []
[] == []
['a'] == ['a']
['a'] == ['b']
['a'] == ['a', 'b']
[1] == [1.0]
[1] == ['1']
[[1]] == [[1.0]]
vars.claimSet.aud == ['a', 'b']
vars.claimSet.aud == 'a'
vars.claimSet.mixed == [1, true, 'x', null]
1 < 2 == true
true == 1 < 2
1 == 1 == true
1 < 2 < 3
'a' != 'b' == true
"""

_LOGIC: Final = r"""
true
false
null
TRUE
True
NULL
attributes.headers.t and true
attributes.headers.caps and true
attributes.headers.no or false
attributes.headers.yes and true
attributes.headers.empty and true
attributes.headers.absent and true
vars.claimSet.truth and vars.claimSet.ok
vars.claimSet.level and true
vars.claimSet.aud or true
vars.claimSet.none or true
false and attributes.headers.yes
true or attributes.headers.yes
true and attributes.headers.yes
false or attributes.headers.yes
not attributes.headers.t
not attributes.headers.caps
not attributes.headers.yes
not attributes.headers.absent
not vars.claimSet.level
not vars.claimSet.ok
not (1 == 2)
not false
not null
!attributes.headers.t
!attributes.headers.no
!attributes.headers.yes
!vars.claimSet.ok
! true
!true
!(true == false)
!true == false
!true and false
!false or true
true == !false
true and !false
!isEmpty('a') == true
!isEmpty('')
!attributes.headers.t and true
!null
!!true
! not true
not !true
1 and true
'yes' and true
' true' and true
'TRUE' and true
'true' and 'true'
true or false and false
(true or false) and false
true and true or false
1 == 1 and 2 == 2
1 == 1 or 2 == 3 and false
1 < 2 and 2 < 3
attributes.headers.x == 'gold' or attributes.headers.x == 'b'
if (attributes.method == 'POST') 'w' else 'r'
if (false) 1 else if (false) 2 else 3
if (attributes.headers.t) 1 else 2
if (attributes.headers.caps) 1 else 2
if (attributes.headers.no) 1 else 2
if (attributes.headers.yes) 1 else 2
if (attributes.headers.empty) 1 else 2
if (attributes.headers.absent) 1 else 2
if (vars.claimSet.level) 1 else 2
if (vars.claimSet.truth) 1 else 2
if ('false') 1 else 2
if (true) 'a' else null
if (true) 'a' else 'b' == 'a'
if (true) 1
if true 1 else 2
(if (true) 1 else 2) == 1
(if (false) 'a' else null) default 'n'
attributes.headers.absent default 'x'
attributes.headers.empty default 'x'
attributes.headers.x default 'x'
vars.claimSet.none default 'x'
vars.claimSet.absent default null
[] default 'x'
false default true
attributes.headers.absent default attributes.headers.none default 'last'
attributes.headers.absent default false == false
attributes.headers.absent default true and false
attributes.headers.absent default false or true
true or attributes.headers.absent default false
1 == attributes.headers.absent default 'x'
(attributes.headers.absent default 'a') ++ 'b'
"""

_TEXT: Final = r"""
'it\'s'
"say \"it\""
"it's"
'say "it"'
'\n\r\t\b\f'
'\\'
'\/'
'\$'
"\$(1)"
'\u0041\u00e9'
'\ud83d\ude00'
'\q'
'\d+'
'\a\v\0'
'\x41'
"\'"
'\"'
'\`'
'a$b'
"a$b"
'a$'
'$'
'$$'
'\\$a'
'a$(1)b'
'a$(attributes.headers.x)b'
attributes.headers['$x']
'\u004'
'a' ++ "b" ++ 'c'
'n' ++ 5
'n' ++ 2.5
'b' ++ true
5 ++ 6
vars.claimSet.level ++ 'x'
vars.claimSet.level ++ vars.claimSet.ok
vars.claimSet.ok ++ 'x'
vars.claimSet.none ++ 'x'
'x' ++ vars.claimSet.none
attributes.headers.absent ++ 'x'
'x' ++ attributes.headers.absent
vars.claimSet.aud ++ 'x'
'x' ++ vars.claimSet.aud
vars.claimSet.aud ++ vars.claimSet.none
vars.claimSet.aud ++ vars.claimSet.aud
['a'] ++ ['b', 1]
[] ++ []
[1] ++ 2
'' ++ ''
'é' == '\u00e9'
'abc'[0]
'abc'[2]
'abc'[3]
'abc'[-1]
'abc'[-3]
'abc'[-4]
'abc'[0][0]
''[0]
5[0]
true[1]
vars.claimSet.level[0]
vars.claimSet.ok[9]
attributes.headers.absent[0]
['a', 'b'][1]
['a', 'b'][-2]
['a', 'b'][2]
[[1, 2], [3]][0][1]
vars.claimSet.aud[0]
vars.claimSet.aud[-1]
vars.claimSet.aud[5]
[1, 'a', null, true, [2]]
[]
"""

_FUNCTIONS: Final = r"""
lower('ABC')
lower(attributes.headers.accents)
lower(attributes.headers.absent)
lower(vars.claimSet.level)
lower(vars.claimSet.ok)
lower(vars.claimSet.aud)
lower('ÀİΑΣ')
upper('abc')
upper(attributes.headers.accents)
upper(attributes.headers.absent)
upper('straßeéŉ')
upper(vars.claimSet.kilo)
upper(vars.claimSet.aud)
dw::Core::upper('a')
trim(attributes.headers.spaces)
trim(attributes.headers.nbsp)
trim(attributes.headers.absent)
trim(vars.claimSet.level)
trim(vars.claimSet.aud)
trim('\u2003a\u2003')
trim('\u0000\u001f a\t\n')
trim('\u0085a')
trim('')
sizeOf('abc')
sizeOf('')
sizeOf('é')
sizeOf(null)
sizeOf(attributes.headers.absent)
sizeOf(vars.claimSet.none)
sizeOf(vars.claimSet.aud)
sizeOf([])
sizeOf(vars.claimSet.level)
sizeOf(vars.claimSet.ok)
sizeOf(1.0)
sizeOf(attributes.headers.list splitBy ',')
sizeOf(attributes.headers.x) > 3
isEmpty(null)
isEmpty('')
isEmpty(' ')
isEmpty([])
isEmpty([null])
isEmpty(0)
isEmpty(false)
isEmpty(attributes.headers.absent)
isEmpty(attributes.headers.empty)
isEmpty(attributes.headers.x)
isEmpty(vars.claimSet.void)
isBlank(null)
isBlank('')
isBlank(attributes.headers.spaces)
isBlank(' \t')
isBlank('\u00a0')
isBlank('\u2003')
isBlank('\u001f\u000b\u0000')
isBlank('\u0085')
isBlank(attributes.headers.absent)
isBlank(vars.claimSet.level)
isBlank(vars.claimSet.ok)
isBlank(vars.claimSet.aud)
isNumeric(attributes.headers.num)
isNumeric(attributes.headers.neg)
isNumeric(attributes.headers.dec)
isNumeric(attributes.headers.x)
isNumeric('')
isNumeric(null)
isNumeric(vars.claimSet.level)
isNumeric(vars.claimSet.aud)
startsWith('abc', 'a')
'abc' startsWith 'bc'
'abc' startsWith ''
attributes.headers.auth startsWith 'Bearer '
startsWith(attributes.headers.absent, 'a')
startsWith(attributes.headers.x, attributes.headers.absent)
startsWith(attributes.headers.absent, attributes.headers.absent)
startsWith(vars.claimSet.number, 4)
startsWith(vars.claimSet.aud, 'a')
endsWith('abc', 'c')
'abc' endsWith 'bc'
'' endsWith ''
endsWith(attributes.headers.absent, 'a')
endsWith(attributes.headers.x, attributes.headers.absent)
endsWith(vars.claimSet.ok, 'e')
attributes.headers.list contains 'b'
contains(attributes.headers.list, 'z')
['GET', 'POST'] contains attributes.method
contains(attributes.headers.absent, 'z')
contains(attributes.headers.x, attributes.headers.absent)
contains(vars.claimSet.level, 3)
contains(vars.claimSet.ok, 'r')
'12' contains 1
['1'] contains 1
[1.0] contains 1
[null] contains null
['a'] contains attributes.headers.absent
vars.claimSet.aud contains 'a'
vars.claimSet.mixed contains true
vars.claimSet.mixed contains 1
[[1]] contains [1]
vars.claimSet.aud joinBy ','
[] joinBy ','
vars.claimSet.none joinBy ','
vars.claimSet.sub joinBy ','
vars.claimSet.mixed joinBy ','
[vars.claimSet.level, vars.claimSet.ok] joinBy '+'
[1, 2] joinBy 0
vars.claimSet.aud joinBy vars.claimSet.none
vars.claimSet.orgs joinBy ','
joinBy(attributes.headers.list splitBy ',', '-')
lower 'A'
sizeOf 'abc'
"""

_PARTS: Final = r"""
attributes.headers.list splitBy ','
'a,b,,' splitBy ','
',a,b' splitBy ','
',,' splitBy ','
',' splitBy ','
'' splitBy ','
'abc' splitBy 'abc'
'aa' splitBy 'a'
'ab' splitBy 'a'
'ab' splitBy 'abc'
'aXbxc' splitBy 'x'
'a.b' splitBy '.'
'abc' splitBy ''
'' splitBy ''
attributes.headers.absent splitBy ','
attributes.headers.list splitBy attributes.headers.absent
vars.claimSet.number splitBy 4
vars.claimSet.ok splitBy 'u'
vars.claimSet.aud splitBy 'a'
(attributes.headers.auth splitBy ' ')[1]
(attributes.headers.list splitBy ',')[-1]
(attributes.headers.list splitBy ',')[9]
attributes.headers.list[0]
substringBefore('a-b-c', '-')
substringBefore('abc', '-')
substringBefore('abc', '')
substringBefore('', '-')
substringBefore('', '')
substringBefore(attributes.headers.absent, '-')
substringBefore(attributes.headers.x, attributes.headers.absent)
substringBefore(vars.claimSet.number, 2)
substringBefore(vars.claimSet.aud, 'a')
substringAfter('a-b-c', '-')
substringAfter('abc', '-')
substringAfter('abc', '')
substringAfter('', '')
substringAfter(attributes.headers.auth, ' ')
substringAfter(attributes.headers.absent, '-')
substringAfter(attributes.headers.x, attributes.headers.absent)
substringBeforeLast('a-b-c', '-')
substringBeforeLast('abc', '-')
substringBeforeLast('', '-')
substringBeforeLast('aaa', 'aa')
substringBeforeLast(attributes.headers.auth, '.')
substringBeforeLast(attributes.headers.absent, '-')
substringAfterLast('a-b-c', '-')
substringAfterLast('abc', '-')
substringAfterLast('abc-', '-')
substringAfterLast('aaa', 'aa')
substringAfterLast('abc', '')
substringAfterLast('', '')
substringAfterLast(attributes.headers.auth, '.')
substringAfterLast(attributes.headers.absent, '-')
'a-b-c' substringAfter '-'
'a-b-c' substringBeforeLast '-'
attributes.headers.x replace 'o' with '0'
'abcb' replace 'b' with 'x'
'aaa' replace 'aa' with 'b'
'a.b' replace '.' with 'x'
'abc' replace '' with 'x'
'abc' replace 'b' with ''
'abc' replace 'b' with '\\'
'abc' replace 'b' with '\$1'
'abc' replace 'b' with 5
'abc' replace 'b' with true
attributes.headers.absent replace 'o' with 'x'
attributes.headers.absent replace attributes.headers.absent with 'x'
attributes.headers.x replace attributes.headers.absent with 'x'
attributes.headers.x replace 'o' with vars.claimSet.none
attributes.headers.x replace 'zz' with vars.claimSet.none
attributes.headers.x replace 'o' with vars.claimSet.aud
attributes.headers.x replace attributes.headers.x with attributes.headers.num
vars.claimSet.number replace 2 with 3
vars.claimSet.ok replace 'true' with '3'
vars.claimSet.aud replace 'a' with 'b'
'abc' replace 'b' with 'x' replace 'x' with 'y'
('abc' replace 'b' with 'x') ++ 'z'
replace('abc', 'b') with 'x'
replace(attributes.headers.auth, 'Bearer ') with ''
'abc' replace 'b'
"""

_PATTERNS: Final = r"""
attributes.headers.x matches /g.*d/
attributes.headers.x matches /g/
attributes.headers.x matches /o/
attributes.headers.x matches /GOLD/
attributes.headers.x matches /(?i)GOLD/
attributes.headers.x matches 'g.ld'
attributes.headers.x matches '\w+'
attributes.headers.x matches "g[a-z]{3}"
attributes.headers.x matches /g|gold/
attributes.headers.x matches /(gold|silver)/
matches(attributes.headers.x, /gold/)
attributes.requestPath matches /\/orders\/\d+/
attributes.requestPath matches /\/orders/
attributes.requestPath matches '/orders/.*'
attributes.headers.absent matches /a/
attributes.headers.empty matches /a*/
vars.claimSet.number matches /\d+/
vars.claimSet.ok matches /true/
vars.claimSet.aud matches /a/
'a/b' matches /a\/b/
'a/b' matches /a[\/]b/
'a"b' matches /a"b/
'é' matches /\w/
'é' matches /./
'é' matches /\p{L}/
'a' matches /\x61/
'a' matches /[[:alpha:]]/
'a' matches /\Aa\z/
'a' matches /^a$/
'ab' matches /a b/
'a\nb' matches /a.b/
'a\n' matches /a$/
'a\rb' matches /a.b/
'a\u0085b' matches /a.b/
'a\u2028b' matches /a.b/
'a\u000b' matches /a\s/
'a b' matches /a\sb/
'a' matches /\p{Alpha}/
'a' matches /\u0061/
'aa' matches /(a)\1/
'ab' matches /a(?=b)b/
'aaa' matches /a{2,3}+/
'b' matches /[a-c&&[b]]/
'abc' matches attributes.headers.x
'gold' matches (attributes.headers.x)
'abc' matches //
'a1b22c' splitBy /\d+/
'abc' replace /b/ with 'x'
"""

_OUTSIDE: Final = r"""
payload
uuid()
attributes.headers
attributes.headers.x.y
attributes.headers.x-y
attributes.headers.*x
attributes.headers.x?
attributes.headers[0]
(attributes.headers).x
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
'a' 'b'
(1
1 ==
and 1
not not true
not true == false
not true and false
not false or true
'a' ++ 'b' == 'ab'
'a' ++ 'b' contains 'a'
'z' ++ attributes.headers.absent default 'b'
attributes.headers.absent default 'a' ++ 'b'
'abc' contains 'a' and true
'a' ++ 'b' replace 'b' with 'x'
'abc' replace 'b' with 'x' ++ 'y'
'a,b' splitBy ',' contains 'a'
if (true) 'a' else 'b' ++ 'c'
if (true) 'a' else attributes.headers.absent default 'c'
attributes . headers . x
vars.claimSet.aud[1.5]
vars.claimSet.aud['1']
'ab'['0']
first('abc', 2)
capitalize('abc def')
"""

_DOUBTFUL: Final = r"""
(attributes.headers.absent ++ 'x') default 'd'
(attributes.headers.x > 5) default 'd'
(attributes.headers.yes and true) default 'd'
sizeOf('😀')
'😀'[0]
'a😀' splitBy ''
'٣' > 1
isNumeric('٣')
'1e99999' > 5
1e99999
substringBeforeLast('abc', '')
false and 'x'
true or 'x'
"""

TOPICS: Final = {
    "reading": _READING,
    "claims": _CLAIMS,
    "numbers": _NUMBERS,
    "comparisons": _COMPARISONS,
    "logic": _LOGIC,
    "text": _TEXT,
    "functions": _FUNCTIONS,
    "parts": _PARTS,
    "patterns": _PATTERNS,
    "outside": _OUTSIDE,
    "doubtful": _DOUBTFUL,
}

WRITTEN: Final = tuple(
    inner for topic in TOPICS.values() for inner in topic.strip("\n").split("\n")
)
