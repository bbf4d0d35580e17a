#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace qhn {

/// Throws InputError where the HDF5 file at `path` is damaged: its check sum is wrong or destroyed;
/// or it has none, and `read` crashes or does not end. HDF5 1.10 does both on some damaged files,
/// so a child process calls `read` first. Throws what `read` throws. A file that was found sound is
/// not looked at again while its size and the time of its last change, an old one, stay.
///
/// `read` reads all that will be read later, and calls the function it is given between its parts.
/// A part may take 4 s of CPU time and 3 µs for each byte of the file, ten minutes at most; the
/// memory, 4 GiB and 2064 bytes for each byte of the file (gzip makes at most 1032 of one).
void refuse_damaged(const std::string& path,
                    const std::function<void(const std::function<void()>& go_on)>& read);

/// Where an HDF5 file of superblock version 0, the default, says that it ends; 0: another version.
std::uint64_t end_of_hdf5(const std::string& path);

}  // namespace qhn
