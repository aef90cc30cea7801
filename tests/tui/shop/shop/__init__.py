"""A made-up web shop, whose heap the golden screens show."""
