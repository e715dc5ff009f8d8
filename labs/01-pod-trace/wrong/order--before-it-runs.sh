#!/bin/bash
# The right words, but nothing has happened that they could be about.
# fails: event-order answer
# others: none
answer order Scheduled Pulling Pulled Created Started
