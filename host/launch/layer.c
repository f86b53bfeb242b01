/* SPDX-License-Identifier: MIT */
/* Finding, reading and checking the system layer's ELF file; see layer.h. No locks. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/base/place.h"
#include "host/launch/layer.h"

#define PAGE_MASK (~(PAGE_SIZE - 1))

/* One loadable segment: text and read-only data are mapped, .data is remembered. */
static int take_segment(struct layer *layer, const Elf64_Phdr *ph, struct error *err)
{
	struct layer_segment *segment;
	uint64_t start = ph->p_vaddr & PAGE_MASK;
	uint64_t end = ph->p_vaddr + ph->p_filesz;

	if ((ph->p_flags & PF_W) || !ph->p_filesz)
		return 0;
	if (start < LAYER_TEXT_BASE || end < start || end > LAYER_TEXT_BASE + LAYER_TEXT_MAX)
		return error_set(err, 0, "%s: a segment lies outside the layer's text range",
				 layer->path);
	if ((ph->p_offset ^ ph->p_vaddr) & ~PAGE_MASK)
		return error_set(err, 0, "%s: a segment is not aligned to pages", layer->path);
	if (layer->segment_count == LAYER_SEGMENTS_MAX)
		return error_set(err, 0, "%s: too many segments", layer->path);
	segment = &layer->segments[layer->segment_count++];
	segment->address = start;
	segment->offset = ph->p_offset & PAGE_MASK;
	segment->size = end - start;
	segment->protection = PROT_READ | ((ph->p_flags & PF_X) ? PROT_EXEC : 0);
	return 0;
}

/* Look for the layer's header among the notes of one segment. Returns 1 when it was there. */
static int take_notes(struct layer *layer, const Elf64_Phdr *ph)
{
	char notes[1024];
	ssize_t size = pread(layer->fd, notes, sizeof(notes), (off_t)ph->p_offset);
	size_t at = 0, end = size < 0 ? 0 : (size_t)size;

	if (end > ph->p_filesz)
		end = ph->p_filesz;
	while (at + sizeof(Elf64_Nhdr) <= end) {
		Elf64_Nhdr note;
		size_t desc;

		memcpy(&note, notes + at, sizeof(note));
		if (note.n_namesz > end || note.n_descsz > end)
			break;
		desc = at + sizeof(note) + ((note.n_namesz + 3u) & ~3u);
		if (desc + note.n_descsz > end)
			break;
		if (note.n_descsz >= sizeof(layer->header) &&
		    !memcmp(notes + desc, "mezzo-sl", 8)) {
			memcpy(&layer->header, notes + desc, sizeof(layer->header));
			return 1;
		}
		at = desc + ((note.n_descsz + 3u) & ~3u);
	}
	return 0;
}

/* Where the file holds the first bytes of .data, by its address at run time or in the image. */
static int find_data(struct layer *layer, const Elf64_Phdr *ph, size_t count, struct error *err)
{
	const struct layer_header *header = &layer->header;

	if (!header->data_size)
		return 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t places[2] = { ph[i].p_vaddr, ph[i].p_paddr };

		for (size_t j = 0; ph[i].p_type == PT_LOAD && j < 2; j++) {
			uint64_t into = header->data_start - places[j];

			if (into > ph[i].p_filesz || header->data_size > ph[i].p_filesz - into)
				continue;
			layer->data_offset = ph[i].p_offset + into;
			return 0;
		}
	}
	return error_set(err, 0, "%s: its .data is not in the file", layer->path);
}

static int check_header(const struct layer *layer, struct error *err)
{
	const struct layer_header *header = &layer->header;

	if (header->version != BOUNDARY_VERSION)
		return error_set(err, 0,
				 "%s speaks version %u of the boundary and mezzo version %u: "
				 "install both from one build", layer->path, header->version,
				 BOUNDARY_VERSION);
	if (header->header_size != sizeof(*header) || header->gate_start >= header->gate_end ||
	    header->gate_start >> 32 != header->gate_end >> 32 ||
	    header->data_size > header->data_memory_size ||
	    header->data_memory_size > HEAP_SIZE / 2)
		return error_set(err, 0, "%s: its header makes no sense", layer->path);
	for (size_t i = 0; i < layer->segment_count; i++) {
		const struct layer_segment *segment = &layer->segments[i];

		if ((segment->protection & PROT_EXEC) &&
		    header->entry - segment->address < segment->size)
			return 0;
	}
	return error_set(err, 0, "%s: its entry is not in its text", layer->path);
}

static int read_file(struct layer *layer, struct error *err)
{
	union {
		Elf64_Ehdr elf;
		char bytes[4096];
	} head;
	ssize_t size = pread(layer->fd, &head, sizeof(head), 0);
	const Elf64_Phdr *ph;
	int found = 0, error;

	if (size < 0)
		return error_set(err, errno, "%s", layer->path);
	if ((size_t)size < sizeof(head.elf) || memcmp(head.elf.e_ident, ELFMAG, SELFMAG) ||
	    head.elf.e_machine != EM_X86_64 || head.elf.e_phentsize != sizeof(*ph) ||
	    head.elf.e_phoff > (size_t)size || (head.elf.e_phoff & 7) ||
	    head.elf.e_phnum > ((size_t)size - head.elf.e_phoff) / sizeof(*ph))
		return error_set(err, 0, "%s is not a system layer for this processor",
				 layer->path);
	ph = (const Elf64_Phdr *)(head.bytes + head.elf.e_phoff);
	for (size_t i = 0; i < head.elf.e_phnum; i++) {
		if (ph[i].p_type == PT_NOTE && !found)
			found = take_notes(layer, &ph[i]);
		if (ph[i].p_type != PT_LOAD)
			continue;
		error = take_segment(layer, &ph[i], err);
		if (error)
			return error;
	}
	if (!found)
		return error_set(err, 0, "%s is not a system layer: its note is missing",
				 layer->path);
	error = check_header(layer, err);
	return error ? error : find_data(layer, ph, head.elf.e_phnum, err);
}

int layer_open(struct layer *layer, const char *path, struct error *err)
{
	int error;

	*layer = (struct layer){ .fd = -1 };
	if (path) {
		snprintf(layer->path, sizeof(layer->path), "%s", path);
		layer->fd = open(path, O_RDONLY | O_CLOEXEC);
		if (layer->fd < 0)
			return error_set(err, errno, "system layer %s", path);
	} else {
		layer->fd = place_open_installed("mezzo-system", "the system layer's file",
						 layer->path, err);
		if (layer->fd < 0)
			return layer->fd;
	}
	error = read_file(layer, err);
	if (error)
		layer_release(layer);
	return error;
}

void layer_release(struct layer *layer)
{
	fd_close(&layer->fd);
}
