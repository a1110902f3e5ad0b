// A library to be preloaded into xrefd: makes its disk fail, or lose what was not synced. It acts
// on data.mdb files only, and does what the file named by XREF_DISK_FAULTS says at the moment, one
// word a line:
//
//   at=PART     only on files whose path contains PART
//   write=EIO   writes fail with that error (EIO or ENOSPC)
//   sync=EIO    syncs fail with that error
//   full        the file system says that it has no room left
//   undo        every write is noted beside its file, in data.mdb.undo, until a sync makes it
//   durable:
//               [u64 offset][u64 size][the bytes that were there]. Whoever takes these back, from
//               the last to the first, has the file as a loss of power may leave it.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

struct Faults {
  std::string at;
  int write_error = 0;
  int sync_error = 0;
  bool full = false;
  bool undo = false;
};

int ErrorOf(const std::string& name) { return name == "ENOSPC" ? ENOSPC : EIO; }

Faults ReadFaults() {
  Faults faults;
  const char* path = std::getenv("XREF_DISK_FAULTS");
  const int fd = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return faults;
  char text[256];
  const ssize_t size = read(fd, text, sizeof text);
  close(fd);
  std::string words(text, size > 0 ? static_cast<size_t>(size) : 0);
  for (size_t end; (end = words.find('\n')) != std::string::npos; words.erase(0, end + 1)) {
    const std::string word = words.substr(0, end);
    if (word.starts_with("at=")) faults.at = word.substr(3);
    if (word.starts_with("write=")) faults.write_error = ErrorOf(word.substr(6));
    if (word.starts_with("sync=")) faults.sync_error = ErrorOf(word.substr(5));
    if (word == "full") faults.full = true;
    if (word == "undo") faults.undo = true;
  }
  return faults;
}

// The path of a data file that the faults are for; empty for any other.
std::string DataFile(int fd, const Faults& faults) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = readlink(link.c_str(), path, sizeof path);
  const std::string file(path, size > 0 ? static_cast<size_t>(size) : 0);
  return file.ends_with("/data.mdb") && file.find(faults.at) != std::string::npos ? file : "";
}

// Notes what a write is about to replace. What lies past the end of the file is zeros.
void NoteUndo(int fd, const std::string& file, uint64_t offset, uint64_t size) {
  std::string entry(16 + size, '\0');
  std::memcpy(entry.data(), &offset, 8);
  std::memcpy(entry.data() + 8, &size, 8);
  const int reader = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (pread(reader, entry.data() + 16, size, static_cast<off_t>(offset)) < 0) std::abort();
  close(reader);
  const int log = open((file + ".undo").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (write(log, entry.data(), entry.size()) < 0) std::abort();
  close(log);
  // A write through such a descriptor is durable when it returns.
  if ((fcntl(fd, F_GETFL) & O_DSYNC) != 0) unlink((file + ".undo").c_str());
}

// Whether the write must fail; errno is then set.
bool FailsToWrite(int fd, off_t offset, size_t size) {
  const Faults faults = ReadFaults();
  if (faults.write_error == 0 && !faults.undo) return false;
  const std::string file = DataFile(fd, faults);
  if (file.empty()) return false;
  if (faults.undo) NoteUndo(fd, file, static_cast<uint64_t>(offset), size);
  errno = faults.write_error;
  return faults.write_error != 0;
}

int Sync(int fd, int (*sync)(int)) {
  const Faults faults = ReadFaults();
  const std::string file = DataFile(fd, faults);
  if (!file.empty() && faults.sync_error != 0) {
    errno = faults.sync_error;
    return -1;
  }
  const int result = sync(fd);
  if (result == 0 && !file.empty() && faults.undo) unlink((file + ".undo").c_str());
  return result;
}

}  // namespace

extern "C" {

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  static const auto next = Next<decltype(pwrite)>("pwrite");
  return FailsToWrite(fd, offset, size) ? -1 : next(fd, bytes, size, offset);
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static const auto next = Next<decltype(writev)>("writev");
  size_t size = 0;
  for (int i = 0; i < count; ++i) size += parts[i].iov_len;
  return FailsToWrite(fd, lseek(fd, 0, SEEK_CUR), size) ? -1 : next(fd, parts, count);
}

int fdatasync(int fd) {
  static const auto next = Next<decltype(fdatasync)>("fdatasync");
  return Sync(fd, next);
}

int fsync(int fd) {
  static const auto next = Next<decltype(fsync)>("fsync");
  return Sync(fd, next);
}

int statvfs(const char* path, struct statvfs* out) {
  static const auto next = Next<decltype(statvfs)>("statvfs");
  const int result = next(path, out);
  if (ReadFaults().full) out->f_bavail = 0;
  return result;
}

}  // extern "C"
