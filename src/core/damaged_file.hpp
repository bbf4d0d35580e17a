#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace qhn {

/// Throws InputError if the HDF5 file at `path` is damaged: its check sum is wrong or unreadable,
/// or it has none and `read` crashes or does not return. HDF5 1.10 does both on some damaged files,
/// so `read` is tried in a child process. Also throws what `read` throws. A file found sound is not
/// checked again while its size and its time of last change (not a recent one) stay the same.
///
/// `read` must read everything that will be read later, and call its argument, go_on, between its
/// parts. Limits: CPU time of a part 4 s plus 3 µs per byte of the file, at most ten minutes;
/// memory 4 GiB plus 2064 bytes per byte of the file (gzip expands a byte to at most 1032).
void refuse_damaged(const std::string& path,
                    const std::function<void(const std::function<void()>& go_on)>& read);

/// End address that an HDF5 file of superblock version 0, the default, states; 0: another version.
std::uint64_t end_of_hdf5(const std::string& path);

}  // namespace qhn
