#!/usr/bin/env python3
"""Renders templates with Jinja2 as transformers sets it up, and records the results. Usage: record.py > recorded.json

The models' templates are short versions that keep the constructs of the originals."""
import json, sys
from jinja2.ext import loopcontrols, Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2 import nodes
from jinja2.exceptions import TemplateError


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(["name:endgeneration"], drop_needle=True), lineno=line)


def environment():
    def raise_exception(message):
        raise TemplateError(message)

    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    made.filters["tojson"] = lambda x, indent=None: json.dumps(x, ensure_ascii=False, indent=indent)
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = lambda form: __import__("datetime").datetime(2026, 3, 5, 14, 7, 9).strftime(form)
    return made


SYSTEM = {"role": "system", "content": " Be brief. "}
USER = {"role": "user", "content": "What is 2 + 2? "}
ANSWER = {"role": "assistant", "content": "<think>\nadd\n</think>\n\n4"}
AGAIN = {"role": "user", "content": "And \"3\" + 3?\nÄ 日本"}
TALKS = [[USER], [SYSTEM, USER], [USER, ANSWER, AGAIN], [SYSTEM, USER, ANSWER, AGAIN], [USER, USER], [ANSWER]]
TOOL = {"type": "function", "function": {"name": "f", "description": "d <&>", "parameters": {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]}}}

MODELS = {
    "llama2": """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}""",
    "llama3": """{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}""",
    "llama3.1": """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- This block extracts the system message, so we can slot it into the right place. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}

{#- System message #}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{{- "Cutting Knowledge Date: December 2023\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{%- if tools is not none %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "qwen2": """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}""",
    "qwen2.5": """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.' }}
    {%- endif %}
    {{- "\\n\\n# Tools\\n\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\\n<tool_call>\\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    "qwen3": """{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {%- if loop.last or (not loop.last and reasoning_content) %}
                {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
            {%- else %}
                {{- '<|im_start|>' + message.role + '\\n' + content }}
            {%- endif %}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}""",
    "mistral": """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, conversation roles must alternate user/assistant/user/assistant/...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, with the exception of an initial optional system message!") }}
    {%- endif %}
{%- endfor %}
""",
    "phi3": """{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}""",
    "gemma": """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}""",
    "zephyr": """{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}""",
    "chatml": """{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}""",
    "macros": """{%- macro turn(role, text='', mark="#") -%}
{{ mark }}{{ role|upper }}: {{ text|trim }}
{% endmacro -%}
{% for m in messages if m.role != 'system' %}
  {{ turn(m.role, text=m.content) }}
{%- else %}none{% endfor %}
{% generation %}{{ turn('end') }}{% endgeneration %}""",
}

SNIPPETS = [
    "{{ 1 + 2 * 3 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 1.5 + 1 }} {{ 4 / 2 }}",
    "{{ true }} {{ none }} {{ [1, 'a', none, true, 1.0] }} {{ {'k': 'v', 'n': {'x': [1]}} }} {{ \"it's\" }} {{ [\"it's\"] }}",
    "{{ missing }}|{{ missing is defined }}|{{ missing | default('d') }}|{{ '' | default('d') }}|{{ '' | default('d', true) }}",
    "{{ 'a' ~ 1 ~ none ~ [1] }} {{ 'x' if false else 'y' }} {{ 'x' if false }}",
    "{{ [1,2,3,4,5][1:3] }} {{ [1,2,3,4,5][::-2] }} {{ 'hello'[1:-1] }} {{ 'hello'[::-1] }} {{ [1,2,3][-1] }} {{ 'abc'[5:] }} {{ [1,2,3][-10:2] }}",
    "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ loop.index }}/{{ loop.length }} {{ k }}={{ v }}{{ ', ' if not loop.last }}{% endfor %}",
    "{% for i in range(3) %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }} {{ loop.cycle('odd', 'even') }} {{ loop.revindex }};{% endfor %}",
    "{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% set ns = namespace(found=false) %}{% for i in [1,2,3] %}{% if i == 2 %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.found }}",
    "{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}{% if true %}{% set x = 3 %}{% endif %}{{ x }}",
    "{{ [3,1,2]|sort }} {{ ['b','A','c']|sort }} {{ [1,2]|join('-') }} {{ [{'n':1},{'n':2}]|map(attribute='n')|list }} {{ ['a','b']|map('upper')|join }}",
    "{{ [1,2,3,4]|select('odd')|list }} {{ [1,2,3,4]|reject('odd')|list }} {{ [{'r':'u'},{'r':'s'},{}]|selectattr('r','defined')|list|length }} {{ [{'r':'u'},{'r':'s'}]|rejectattr('r','equalto','u')|list }}",
    "{{ {'b':1,'a':[1,2,{'c':'é<&>\"\\n'}]}|tojson }} {{ {'a':[1,{'b':2}],'e':[],'f':{}}|tojson(indent=2) }} {{ 1.0|tojson }} {{ none|tojson }}",
    "{{ 'a b  c'.split() }} {{ 'a,b,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ '  x '.strip() }}| {{ 'xxaxx'.strip('x') }} {{ 'abc'.find('c') }} {{ 'aXa'.replace('a','b') }} {{ 'aaa'.replace('a','b',2) }}",
    "{{ 'hello world'|title }} {{ 'hELLO'|capitalize }} {{ 'ab'|length }} {{ 'abc'|first }} {{ [1,2]|last }} {{ 'abc'|list }} {{ 'cba'|reverse }} {{ '3'|int + 1 }} {{ 'x'|int(7) }} {{ '1.5'|float }}",
    "{{ 3 is odd }} {{ 4 is even }} {{ 9 is divisibleby 3 }} {{ 'a' is string }} {{ {} is mapping }} {{ [] is iterable }} {{ none is none }} {{ 1 is number }} {{ 'a' is in 'abc' }} {{ 2 is not in [1] }} {{ 1 is eq 1 }}",
    "{{ 1 in [1,2] }} {{ 'k' in {'k':1} }} {{ 'b' not in 'abc' }} {{ not 1 == 2 }} {{ 1 < 2 }} {{ 1 < 2 < 3 }} {{ 'a' < 'b' and 'x' or 'y' }} {{ '' or 'z' }} {{ 0 and 1 }}",
    "line\n  {% if true %}\n    kept\n  {% endif %}\nend {# note #}\n{%- if true -%}   x   {%- endif +%}\n y\n{{- ' z ' -}}   \n w",
    "  {%+ if true %} a{% endif %}\n{% raw %}{{ not }} {% this %}{% endraw %}\n{% set b %}<{{ 1 }}>{% endset %}{{ b }}{{ b|length }}",
    "{{ 'a' 'b' }} {{ 'tab\\there' }} {{ '\\u00e9' }} {{ \"q\\\"q\" }} {{ ('x', 1)[0] }} {{ (1 + 2) * 3 }} {{ {'a': {'b': [5]}}.a.b[0] }} {{ {'get': 1}['get'] }}",
    "{{ 'abc'|indent(2) }} {{ 'a\\nb'|indent(2) }} {{ 'a\\nb'|indent(2, true) }} {{ [1,2,2,1]|unique|list }} {% for k, v in {'b':1,'a':2}|dictsort %}{{ k }}{{ v }}{% endfor %} {{ [1,2,3]|sum }} {{ -3|abs }} {{ 2.567|round(2) }} {{ [1,5,2]|max }}",
    "{{ strftime_now('%d %B %Y %H:%M') }} {{ dict(a=1) }} {{ range(1, 8, 3)|list }} {{ range(3, 0, -1)|list }}",
    "{{ raise_exception('no: ' ~ 1) }}", "{{ missing.member }}", "{{ 1 + 'a' }}", "{{ x|nosuchfilter }}", "{% if true %}", "{{ 'open }}", "{% nosuch %}", "{{ 1 / 0 }}", "{% for a, b in [[1]] %}{% endfor %}", "{{ }}", "a }} b %} c",
]

cases = []


def add(name, template, values):
    case = {"name": name, "template": list(MODELS.values()).index(template) if template in MODELS.values() else template, "values": values}
    try:
        case["expected"] = environment().from_string(template).render(**values)
    except Exception as error:  # whatever Jinja refuses must be refused
        case["refused"] = str(error)
    cases.append(case)


for name, template in MODELS.items():
    for index, messages in enumerate(TALKS):
        for generate in (True, False):
            add(f"{name} talk {index}{' +' if generate else ''}", template,
                {"messages": messages, "add_generation_prompt": generate, "bos_token": "<s>", "eos_token": "</s>"})
for name in ("llama3.1", "qwen2.5"):
    add(f"{name} tools", MODELS[name], {"messages": [USER], "tools": [TOOL], "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>"})
    add(f"{name} calls", MODELS[name], {"messages": [USER, {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1.5, "b": [True, None]}}}]}],
                                        "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>"})
add("qwen3 without thinking", MODELS["qwen3"], {"messages": [USER], "enable_thinking": False, "add_generation_prompt": True, "bos_token": "", "eos_token": ""})
for index, snippet in enumerate(SNIPPETS):
    add(f"snippet {index}", snippet, {"messages": [USER], "add_generation_prompt": True, "bos_token": "", "eos_token": ""})
print('{"templates": ' + json.dumps(list(MODELS.values()), ensure_ascii=False, indent=1) + ',\n"cases": [')
print(",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]}")
