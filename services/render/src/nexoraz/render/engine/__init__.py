"""The rendering engine: a photo and a preset in, a finished product picture out.

`Engine.render` is pure in its inputs: the same photo, preset and segmenter give the same bytes on one machine.
It keeps nothing of a photo, writes no file and needs no network, so it can run in any worker process.
"""
