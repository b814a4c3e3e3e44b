"""MCP: eight rows of the table as tools for a model, with resources and prompts.

tools       which fields of a request a model is shown, and what it is told of them
caller      who asks, and which scope is meant where they name none
shown       answers as short text; what was remembered is delimited as data
brief       what a session should know when it begins
server      tools, resources and prompts on the official SDK
opening     a memory that opens while the client is already being answered
stdio, http the two transports; `http_app` is mounted by the REST server
project     which scope a folder's project has
clients, install, json_text   a client's configuration, changed without touching the rest of it
hooks       what a coding agent runs at a session's start and end
check       starts a server as a client does, and says how long it took
commands    all this on the command line
"""
