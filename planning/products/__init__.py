"""What lenders offer: dated products, and what one of them would cost this household."""
