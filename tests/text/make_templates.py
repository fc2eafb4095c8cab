#!/usr/bin/env python3
"""Makes templates.json: templates with every construct that chat templates use, and what Jinja makes of them as transformers runs it; and conversations.json: chat
templates built as those of known families are, with conversations, what apply_chat_template makes of them, and where its {% generation %} blocks are.
   make_templates.py          (needs: transformers, jinja2)"""
import json
import os

from transformers.utils.chat_template_utils import _compile_jinja_template, render_jinja_template

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

# ---- conversations -----------------------------------------------------------------------------------------------------
families = {
    "chatml": "{% for m in messages %}{{ '<|im_start|>' ~ m.role ~ '\n' ~ m.content ~ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    # The same where only strings can be joined, and with what the assistant says in generation blocks.
    "chatml_blocks": """{%- for m in messages -%}
    {{- '<|im_start|>' + m['role'] + '\n' -}}
    {%- if m['role'] == 'assistant' -%}
        {%- generation -%}{{- m['content'] + '<|im_end|>' -}}{%- endgeneration -%}
    {%- else -%}
        {{- m['content'] + '<|im_end|>' -}}
    {%- endif -%}
    {{- '\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}""",
    # Llama 3: the beginning of text, a system turn always, tools in it, calls as JSON, results in a role of their own.
    "llama3": """{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {%- set told = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set told = '' %}
{%- endif %}
{{- '<|start_header_id|>system<|end_header_id|>\n\n' }}
{%- if tools is not none %}
    {{- 'Answer with a call of one of these functions:\n\n' }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- '\n\n' }}
    {%- endfor %}
{%- endif %}
{{- told + '<|eot_id|>' }}
{%- for m in messages %}
    {%- if not (m.role == 'ipython' or m.role == 'tool' or 'tool_calls' in m) %}
        {{- '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' + m['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in m %}
        {%- if m.tool_calls | length != 1 %}
            {{- raise_exception('one call at a time') }}
        {%- endif %}
        {%- set call = m.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
        {{- '{"name": "' + call.name + '", "parameters": ' }}
        {{- call.arguments | tojson }}
        {{- '}<|eot_id|>' }}
    {%- else %}
        {{- '<|start_header_id|>ipython<|end_header_id|>\n\n' }}
        {%- if m.content is mapping or m.content is iterable and m.content is not string %}
            {{- m.content | tojson }}
        {%- else %}
            {{- m.content }}
        {%- endif %}
        {{- '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}""",
    # Qwen3: thinking is shown behind the last question only; tools as lines of JSON; results are told by the user, several in one turn.
    "qwen3": """{%- if tools %}
    {{- '<|im_start|>system\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\n\n' }}
    {%- endif %}
    {{- '# Tools\n<tools>' }}
    {%- for t in tools %}
        {{- '\n' + (t | tojson) }}
    {%- endfor %}
    {{- '\n</tools><|im_end|>\n' }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}
{%- endif %}
{%- set at = namespace(searching=true, query=messages|length - 1) %}
{%- for m in messages[::-1] %}
    {%- set i = (messages|length - 1) - loop.index0 %}
    {%- if at.searching and m.role == 'user' and m.content is string and not (m.content.startswith('<tool_response>') and m.content.endswith('</tool_response>')) %}
        {%- set at.searching = false %}
        {%- set at.query = i %}
    {%- endif %}
{%- endfor %}
{%- for m in messages %}
    {%- if m.content is string %}
        {%- set said = m.content %}
    {%- else %}
        {%- set said = '' %}
    {%- endif %}
    {%- if m.role == 'user' or (m.role == 'system' and not loop.first) %}
        {{- '<|im_start|>' + m.role + '\n' + said + '<|im_end|>\n' }}
    {%- elif m.role == 'assistant' %}
        {%- set thought = '' %}
        {%- if m.reasoning_content is string %}
            {%- set thought = m.reasoning_content %}
        {%- elif '</think>' in said %}
            {%- set thought = said.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
            {%- set said = said.split('</think>')[-1].lstrip('\n') %}
        {%- endif %}
        {%- if loop.index0 > at.query and (loop.last or thought) %}
            {{- '<|im_start|>assistant\n<think>\n' + thought.strip('\n') + '\n</think>\n\n' + said.lstrip('\n') }}
        {%- else %}
            {{- '<|im_start|>assistant\n' + said }}
        {%- endif %}
        {%- if m.tool_calls %}
            {%- for call in m.tool_calls %}
                {%- if (loop.first and said) or (not loop.first) %}
                    {{- '\n' }}
                {%- endif %}
                {%- if call.function %}
                    {%- set call = call.function %}
                {%- endif %}
                {{- '<tool_call>\n{"name": "' }}
                {{- call.name }}
                {{- '", "arguments": ' }}
                {%- if call.arguments is string %}
                    {{- call.arguments }}
                {%- else %}
                    {{- call.arguments | tojson }}
                {%- endif %}
                {{- '}\n</tool_call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\n' }}
    {%- elif m.role == 'tool' %}
        {%- if loop.first or (messages[loop.index0 - 1].role != 'tool') %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\n<tool_response>\n' + said + '\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != 'tool') %}
            {{- '<|im_end|>\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\n\n</think>\n\n' }}
    {%- endif %}
{%- endif %}""",
    # Gemma: no system turn, roles in turn, the assistant is the model.
    "gemma": """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (m['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = m['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + m['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}""",
    # Mistral: what the system says stands in the last message, if that is the user's.
    "mistral": """{%- if messages[0]['role'] == 'system' %}
    {%- set told = messages[0]['content'] %}
    {%- set turns = messages[1:] %}
{%- else %}
    {%- set turns = messages %}
{%- endif %}
{{- bos_token }}
{%- for m in turns %}
    {%- if m['role'] == 'user' %}
        {%- if loop.last and told is defined %}
            {{- '[INST] ' + told + '\n\n' + m['content'] + '[/INST]' }}
        {%- else %}
            {{- '[INST] ' + m['content'] + '[/INST]' }}
        {%- endif %}
    {%- elif m['role'] == 'assistant' %}
        {{- ' ' + m['content'] | trim + eos_token }}
    {%- else %}
        {{- raise_exception('Only user and assistant roles are supported') }}
    {%- endif %}
{%- endfor %}""",
    # Phi-3: turns of all roles alike, and the end of text behind the last.
    "phi3": "{% for m in messages %}{{ '<|' + m['role'] + '|>\n' + m['content'] + '<|end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}",
    # Contents that are lists of parts, as models that see have them.
    "parts": """{%- for m in messages -%}
    {{- '<|' + m.role + '|>' -}}
    {%- if m.content is string -%}{{- m.content -}}
    {%- else -%}{%- for part in m.content -%}{%- if part.type == 'text' -%}{{- part.text -}}{%- endif -%}{%- endfor -%}{%- endif -%}
    {{- '<|end|>' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}""",
    # An answer is opened otherwise than it is shown: thinking is asked for, and cut from what was said.
    "thinks": "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '<|User|>' + m.content }}{% elif m.role == 'assistant' %}{{ '<|Assistant|>' + m.content.split('</think>')[-1] + eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|Assistant|><think>\n' }}{% endif %}",
}
u = lambda text: {"role": "user", "content": text}
a = lambda text, **more: {"role": "assistant", "content": text, **more}
call = lambda name, **arguments: {"type": "function", "function": {"name": name, "arguments": arguments}}
add = {"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": {"type": "object", "properties": {"b": {"type": "integer"}, "a": {"type": "integer"}}, "required": ["b", "a"]}}}
conversations = {
    "one": [u("2+2?"), a("4")], "two": [u("one"), a("uno"), u("and two in words"), a("dos")], "system": [{"role": "system", "content": "Be brief."}, u("one"), a("uno"), u("two"), a("dos")],
    "empty_system": [{"role": "system", "content": ""}, u("one"), a("uno")], "spaces": [u("one "), a(" uno"), u(" two"), a("dos ")],
    "calls": [u("2+3?"), a(None, tool_calls=[call("add", b=2, a=3)]), {"role": "tool", "content": "5", "name": "add", "tool_call_id": "x1"}, a("It is 5.")],
    "many_calls": [u("2+3, 4+5?"), a("Both:", tool_calls=[call("add", b=2, a=3), call("add", b=4, a=5)]), {"role": "tool", "content": "5"}, {"role": "tool", "content": "9"}, a("5 and 9.")],
    "thought": [u("one"), a("uno", reasoning_content="Spanish."), u("two"), a("dos", reasoning_content="Spanish again.")], "tagged": [u("one"), a("<think>\nSpanish.\n</think>\n\nuno")],
    "parts": [{"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": ", please"}]}, a("uno")], "starts": [a("Ask."), u("one"), a("uno")],
}
made = []
for family, template in families.items():
    for name, messages in conversations.items():
        for kwargs in [{}] + ([{"tools": [add]}] if "calls" in name else []) + ([{"enable_thinking": False}] if name == "one" else []):
            for for_answer in (False, True):
                case = {"template": family, "conversation": name, "beside": kwargs, "for_answer": for_answer}
                try:
                    rendered, blocks = render_jinja_template([messages[:-1] if for_answer else messages], chat_template=template, return_assistant_tokens_mask=True, add_generation_prompt=for_answer, bos_token="<s>", eos_token="</s>", **kwargs)
                    case.update(rendered=rendered[0], generated=[list(block) for block in blocks[0]])
                except Exception as error:
                    case["refused"] = type(error).__name__
                made.append(case)
out = os.path.join(os.path.dirname(out), "conversations.json")
json.dump({"templates": families, "conversations": conversations, "cases": made}, open(out, "w"), ensure_ascii=True, indent=0)
print(len(made), "conversations,", sum("refused" in c for c in made), "refused")
