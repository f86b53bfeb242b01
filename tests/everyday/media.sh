# SPDX-License-Identifier: MIT
# FFmpeg and ImageMagick on what they generate themselves: threads, much memory, vector instructions.
. "$(dirname "$0")/lib.sh"
# What is not ImageMagick may have this name too.
magick=$(convert -version 2> /dev/null | grep -q ImageMagick && echo yes)

if command -v ffmpeg > /dev/null; then
	same "ffmpeg: encoded and decoded" "ffmpeg -v error -f lavfi -i testsrc=size=320x240:rate=10:duration=2 -c:v mpeg4 -threads 2 -bitexact out.avi &&
		ffmpeg -v error -i out.avi -f framemd5 - | md5sum"
	same "ffmpeg: lossless, many threads" "ffmpeg -v error -f lavfi -i mandelbrot=size=320x240:rate=10 -frames:v 10 -c:v ffv1 -threads 8 -bitexact out.mkv &&
		md5sum out.mkv"
	same "ffmpeg: sound" "ffmpeg -v error -f lavfi -i sine=frequency=440:duration=1 -bitexact out.flac && ffprobe -v error -show_entries stream=codec_name,sample_rate out.flac"
else
	skip "ffmpeg" "not installed"
fi
if [[ -n $magick ]]; then
	same "ImageMagick" "convert -size 200x200 gradient:red-blue -blur 0x3 -resize 50% out.png && identify -format '%m %w %h %#' out.png"
else
	skip "ImageMagick" "not installed"
fi
finish
