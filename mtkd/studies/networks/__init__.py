"""Networks beside each other: what training them costs, and what they run under."""
