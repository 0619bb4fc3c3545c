"""What `fastmath bench` measures."""
