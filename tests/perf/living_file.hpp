#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "../record/temporary_folder.hpp"

namespace qhn {

/// A file that a thread writes anew every millisecond, each time as a whole: text(0), text(1), …
class LivingFile {
 public:
  LivingFile(const TemporaryFolder& folder, std::string file, std::function<std::string(int)> text)
      : thread_([&folder, file = std::move(file), text = std::move(text), this] {
          for (int k = 0; !stop_; ++k) {
            folder.write(file + ".next", text(k));
            std::filesystem::rename(folder / (file + ".next"), folder / file);
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
          }
        }) {}
  ~LivingFile() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace qhn
