"""Who is on duty where and when."""
