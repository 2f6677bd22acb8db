"""The console: web pages for people, over the same use cases as the JSON API.

Every page works without JavaScript. A form posts, and the answer is a redirect to the page that
shows the result. `docs/console.md` describes the pages to their users.
"""
