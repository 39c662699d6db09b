"""Protocol messages between members: signed, sealed where asked, over HTTP or in memory."""
