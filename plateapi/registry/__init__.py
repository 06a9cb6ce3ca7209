"""The registry of marks already on the road: read from files, imported while sales are open, or made up.

    reader     a file (CSV, CSV.gz, Parquet) as a stream of columns
    importer   a stream of columns as issued marks of the store, and an account of what happened
    rejects    the rows that could not be read as marks
    demo       a registry of real size, made from a seed, for demonstrations and tests
    fleet      how many vehicles each region has

Deliberately not here: what a mark is (the facade parses), and what importing one means (the store judges).
"""
