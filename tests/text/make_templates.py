#!/usr/bin/env python3
"""Makes templates.json: templates with every construct that chat templates use, and what Jinja makes of them as transformers runs it.
   make_templates.py          (needs: transformers, jinja2)"""
import json
import os

from transformers.utils.chat_template_utils import _compile_jinja_template

chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " Hi, é!\n "}, {"role": "assistant", "content": "Hello <b>'you'</b>"}, {"role": "user", "content": "2 + 2?"}]
tools = [{"type": "function", "function": {"description": "Adds.", "name": "add", "parameters": {"properties": {"a": {"type": "integer"}, "b": {"enum": [1, 2.5, None, True]}}, "type": "object"}}}]
values = {"messages": chat, "tools": tools, "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True, "none": None, "n": 7, "x": 2.5, "words": ["b", "a", "c", "a"],
          "pairs": [{"k": "u", "v": 3}, {"k": "t", "v": 1}, {"k": "w"}], "text": "one two  three"}
expressions = r"""
1 + 2 * 3 - 4 // 3 % 5 ;; -7 // 2 ;; 7 / 2 ;; 2 ** 10 ;; -n ;; 1.0 ;; 1e3 ;; x * 2 ;; n % 2 == 1 ;; 'a' ~ 1 ~ none ;; 'ab' * 3 ;; [1, 2] + [3] ;; (1, 2) ;; {'a': 1, "b": [none, true, 'it\'s']} ;; "tab\there" ;; 'é\u00e9' ;; not n ;; n and text ;; none or 'z'
'a' if n > 8 else 'b' ;; 'a' if n > 8 ;; n in [1, 7] ;; 'two' in text ;; 'q' not in text ;; 'k' in pairs[0] ;; 1 < 2 and 2 <= 2 and 3 > 2 and 3 >= 4 or not true ;; 'a' < 'b' ;; undefined_name ;; undefined_name is defined ;; n is not none ;; text is string and n is number and pairs is iterable and pairs[0] is mapping
n is odd ;; n is even ;; n is divisibleby 7 ;; x is float ;; n is integer ;; true is boolean ;; messages is sequence ;; none is none ;; words is not string ;; n is eq(7) ;; n is in [7]
text.strip() ;; text.split() ;; text.split(' ') ;; text.split('two')[-1] ;; text.upper() ;; text.title() ;; text.capitalize() ;; text.replace('o', '0') ;; text.startswith('one') ;; text.endswith('x') ;; ' x '.lstrip() ~ '|' ;; 'xxaxx'.strip('x') ;; text.find('two') ;; ','.join(words) ;; 'a,b,c'.split(',', 1) ;; 'l1\nl2\n'.splitlines()
text[0] ;; text[-1] ;; text[1:3] ;; text[::-1] ;; words[1:] ;; words[:-1] ;; words[::2] ;; words[-2:] ;; messages[0].role ;; messages[0]['content'] ;; messages[-1].content ;; messages[99] ;; pairs[0].missing ;; words[1]
words | length ;; text | length ;; words | first ;; words | last ;; words | join(', ') ;; words | sort | join ;; words | unique | list ;; words | reverse | list ;; words | map('upper') | join('-') ;; pairs | map(attribute='k') | join ;; pairs | selectattr('v', 'defined') | list | length
pairs | rejectattr('k', 'equalto', 'u') | map(attribute='k') | list ;; pairs | selectattr('k', 'in', ['u', 'w']) | list | length ;; pairs | sort(attribute='k') | map(attribute='k') | join ;; [1, 2, 3] | sum ;; [3, 1, 2] | max ;; [0, 1, ''] | select | list ;; [1, 2, 3, 4] | reject('odd') | list
text | trim ;; ' y ' | trim ;; text | upper ;; text | capitalize ;; text | title ;; text | replace('two', '2') ;; none | default('d') ;; undefined_name | default('d') ;; '' | default('d', true) ;; n | string ;; '42' | int + 1 ;; 2.7 | int ;; 2.567 | round(1) ;; -3 | abs ;; 'a\nb\n\nc' | indent(2) ;; 'a\nb' | indent(2, true)
tools | tojson ;; tools[0] | tojson(indent=2) ;; tools | tojson(indent=4) ;; 'é"\\\n' | tojson ;; x | tojson ;; [] | tojson ;; {} | tojson(indent=2) ;; true | tojson ;; {'b': 1, 'a': 2} | dictsort ;; {'b': 1}.items() | list ;; {'b': 1, 'c': 2} | items | list ;; pairs[0].keys() | list ;; pairs[0].get('v') ;; pairs[0].get('q', 'none') ;; '<a&b>' | escape
range(3) | list ;; range(1, 8, 3) | list ;; range(3, 0, -1) | list ;; namespace(a=1).a ;; dict(a=1) ;; words | count ;; (words | length) - 1 ;; not words is string ;; -n + 2 ;; (n)|string ~ 'x' ;; n|string|length
"""
cases = [(f"{{{{ {e.strip()} }}}}", values) for line in expressions.strip().splitlines() for e in line.split(" ;; ")]
statements = [
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    "{{ bos_token }}{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 1) %}{{ raise_exception('roles') }}{% endif %}{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] | trim + ' [/INST]' }}{% elif m.role == 'assistant' %}{{ ' ' + m['content'] + eos_token }}{% endif %}{% endfor %}",
    "{%- if messages[0]['role'] == 'system' %}\n    {%- set system = messages[0]['content'] | trim %}\n    {%- set loop_messages = messages[1:] %}\n{%- else %}\n    {%- set system = '' %}\n{%- endif %}\n{{- bos_token + system }}\n{%- for m in loop_messages %}\n    {{- '<start_of_turn>' + m.role + '\n' + m.content | trim + '<end_of_turn>\n' }}\n{%- endfor %}\n",
    "{% set ns = namespace(found=false, n=0) %}\n{% for m in messages %}\n    {% if m.role == 'user' and not ns.found %}\n        {% set ns.found = true %}\n    {% endif %}\n    {% set ns.n = ns.n + 1 %}\n{% endfor %}\n{{ ns.found }} {{ ns.n }}\n",
    "{% for m in messages if m.role != 'system' %}{{ loop.index }}/{{ loop.length }} {{ loop.first }} {{ loop.last }} {{ loop.revindex }} {{ loop.previtem.role if loop.previtem is defined else '-' }} {{ loop.nextitem.role if not loop.last }};{% else %}none{% endfor %}",
    "{% for x in [] %}{{ x }}{% else %}empty{% endfor %}{% for a, b in {'x': 1, 'y': 2}.items() %}{{ a }}={{ b }},{% endfor %}{% for (i, j) in [[1, 2], [3, 4]] %}{{ i + j }} {% endfor %}",
    "{% macro greet(name, mark='!') %}Hi {{ name }}{{ mark }}{% endmacro %}{{ greet('Al') }}{{ greet('Bo', mark='?') }}{{ greet(name='Cy') }}",
    "{% macro render(t, depth=0) -%}\n{%- if t is mapping -%}\n{%- for k, v in t.items() -%}{{ ' ' * depth }}{{ k }}:{{ render(v, depth + 1) }};{%- endfor -%}\n{%- elif t is string -%}{{ t }}{%- else -%}{{ t | tojson }}{%- endif -%}\n{%- endmacro %}{{ render(tools[0]) }}",
    "{% set s %}a {{ n }}\n{% endset %}[{{ s }}]{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set t = (1, 2) %}{{ t[1] }}",
    "{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "a\n  {# a comment #}\nb {# another #} c\n  {%- if true -%}  d  {%- endif -%}  \n e\n{% if true %}\n  f\n{% endif %}\n   {{ 'g' }}   \n  {%+ if true %}h{% endif +%}\n i",
    "{% filter upper %}abc {{ n }}{% endfilter %}", "{% generation %}x{% endgeneration %}", "{{ '{{ literal }} {% not %}' }}{{ \"}}\" }}", "{{ {'a': {'b': 1}}['a']['b'] }}", "}} %} { % {",
    "{% if tools is not none and tools %}{{ '\\n'.join(['# Tools', '']) }}{% for t in tools %}{{ t | tojson }}\n{% endfor %}{% endif %}", "{%- set content = messages[2].content.split('<b>')[-1].lstrip('\\n') %}{{ content }}",
    "{% for m in messages[::-1] %}{% set index = (messages | length - 1) - loop.index0 %}{{ index }}{% if m.role == 'user' and not (m.content.startswith('2') and m.content.endswith('?')) %}*{% endif %}{% endfor %}",
    "{% set l = [1] %}{% set l = l + [2] %}{{ l }}{% if l is iterable and l is not string and l is not mapping %}list{% endif %}", "{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}",
    "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | map('trim') | join(' / ') }}", "{{ raise_exception('no ' ~ n) }}", "{% if x is undefined %}{% elif x == 2.5 and (n == 7 or false) %}yes{% else %}no{% endif %}",
]
cases += [(s, values) for s in statements]
made = []
for template, given in cases:
    try:
        made.append({"template": template, "rendered": _compile_jinja_template(template).render(**given)})
    except Exception as error:  # what Jinja refuses, graft refuses
        made.append({"template": template, "refused": type(error).__name__})
out = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates.json")
json.dump({"values": values, "cases": made}, open(out, "w"), ensure_ascii=True, indent=0)
print(len(made), "cases,", sum("refused" in c for c in made), "refused")
