"""The pages: drawn on the server from the same services as the API, readable without JavaScript."""
