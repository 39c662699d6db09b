"""What a node keeps on disk: the journal of its requests, blobs by hash, events for people."""
