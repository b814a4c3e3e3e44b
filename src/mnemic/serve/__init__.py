"""Doors: they translate and never decide.

What can be asked of a memory stands once, in one table; every door is made from it or checked
against it.

    the table
    operations.py   what can be asked: a row has its request, its reply, its right and its names
    requests.py     what each is asked, with its limits    replies.py   the shape of each answer
    objects.py      values of a memory as plain objects, the same at every door
    access.py       who may do what, and where             keys.py      the keys that say who it is
    problems.py     errors as callers may see them
    tools.py        the table as plain function-calling tools, without a server

    the doors
    cli.py          the command line: `mnemic …`
        knowledge.py  sleep, facts, profiles, places, erasure     imports.py  import and watch
        keys_cli.py   keys       lm.py, lm_run.py  a small language model
        measure.py    `mnemic bench`, for episodes; neural.py, for memories inside a model
        options.py    options that commands share;  terminal.py  consoles, bars, safe text
    server.py       `mnemic serve`: REST, the page and MCP in one process on one address
    rest/           REST: gate.py lets in, routes.py asks in the threads of pool.py
    web/            the page, hand-written files below static/; it asks REST
    mcp/            MCP: eight rows as a model's tools; over stdio.py or http.py; install.py tells
                    clients of it, hooks.py is what they run when a session begins and ends
    proxy/          a proxy before an OpenAI-compatible endpoint: inject.py puts memory into a
                    request, remember.py keeps its turns
    watch.py        watched files and folders
"""
