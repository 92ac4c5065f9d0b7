"""Uploaded photos: kept sealed, listed, downloaded, released to the renderer."""
