#pragma once

#include <functional>
#include <string>

namespace qhn {

/// Throws InputError where the file at `path` is damaged: its check sum is wrong; or it has none and
/// `read`, which reads all that will be read later, crashes, does not end, or takes far more memory
/// than the file explains. HDF5 1.10 does each on some files, so a child process tries it first.
/// Throws what `read` throws.
///
/// `read` calls the function it is given between its parts. A part may take 1 s of CPU time and 3 µs
/// for each byte of the file, a minute at most; memory, 1 GiB and 1032 bytes for each (the most that
/// gzip makes of one), twice.
void refuse_damaged(const std::string& path,
                    const std::function<void(const std::function<void()>& go_on)>& read);

}  // namespace qhn
