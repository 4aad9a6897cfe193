/*
 * Stands in for libudev, and for what a pseudo-terminal lacks of a serial port, inside an unmodified Chromium.
 *
 * Preloaded (it carries libudev's soname and symbol version, so it also satisfies the browser's own link to it), it
 * answers every udev question from the folder FAKEUDEV_DIR:
 *   <name>.dev      one serial device: `KEY=VALUE` lines, the udev properties. Renamed into place = "add", unlinked = "remove".
 *   pts<N>.log      written here, one line per thing the browser did to the line: OPEN, CFG, DTR, RTS, BRK, FLUSH.
 *   pts<N>.lines    read here: the TIOCM_* bits the device drives, decimal.
 *   pts<N>.inject   read here: bytes the next read() returns first; FF 00 00 is how a kernel marks a break, FF 00 x a
 *                   byte x with a parity error. A pty can make neither.
 * Everything above the operating system stays Chromium's own: enumeration, permissions, termios, pipes, streams.
 */
#define _GNU_SOURCE
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))
#define DESCRIPTORS_MAX 4096
#define TEXT_MAX 4096
#define PROPERTIES_MAX 32
#define SUFFIX ".dev"
/* linux/termios has these, but not beside asm/termbits.h. */
#define LINE_DTR 0x002
#define LINE_RTS 0x004

static const char *folder(void) {
  const char *path = getenv("FAKEUDEV_DIR");
  return path != NULL && path[0] != '\0' ? path : "/nonexistent";
}

/* ------------------------------------------------------------------ devices */

struct property {
  const char *key;
  const char *value;
};

struct udev_device {
  char syspath[PATH_MAX];
  char text[TEXT_MAX];
  char major[12];
  char minor[12];
  const char *action;
  int count;
  struct property properties[PROPERTIES_MAX];
};

/* What each file said last: a removed device must still have its properties, and its file is gone by then. */
struct memory {
  struct memory *next;
  char name[NAME_MAX + 1];
  char text[TEXT_MAX];
};
static struct memory *remembered;
static pthread_mutex_t remembered_lock = PTHREAD_MUTEX_INITIALIZER;

static struct memory *find_memory(const char *name) {
  for (struct memory *entry = remembered; entry != NULL; entry = entry->next)
    if (strcmp(entry->name, name) == 0) return entry;
  return NULL;
}

static void remember(const char *name, const char *text) {
  pthread_mutex_lock(&remembered_lock);
  struct memory *entry = find_memory(name);
  if (entry == NULL && (entry = calloc(1, sizeof *entry)) != NULL) {
    snprintf(entry->name, sizeof entry->name, "%s", name);
    entry->next = remembered;
    remembered = entry;
  }
  if (entry != NULL) snprintf(entry->text, sizeof entry->text, "%s", text);
  pthread_mutex_unlock(&remembered_lock);
}

static int recall(const char *name, char *text) {
  pthread_mutex_lock(&remembered_lock);
  struct memory *entry = find_memory(name);
  if (entry != NULL) memcpy(text, entry->text, TEXT_MAX);
  pthread_mutex_unlock(&remembered_lock);
  return entry != NULL;
}

static int read_text(const char *name, char *text) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", folder(), name);
  FILE *file = fopen(path, "re");
  if (file == NULL) return 0;
  text[fread(text, 1, TEXT_MAX - 1, file)] = '\0';
  fclose(file);
  return 1;
}

static const char *property(const struct udev_device *device, const char *key) {
  if (device == NULL || key == NULL) return NULL;
  for (int i = 0; i < device->count; i++)
    if (strcmp(device->properties[i].key, key) == 0) return device->properties[i].value;
  return NULL;
}

static void set_property(struct udev_device *device, const char *key, const char *value) {
  if (device->count == PROPERTIES_MAX || property(device, key) != NULL) return;
  device->properties[device->count++] = (struct property){ key, value };
}

/*
 * Chromium keeps only ttys whose number belongs to a driver of type "serial" in /proc/tty/drivers; a pty does not.
 * So every device claims the first number of the first such driver (4:64 where there is none to read).
 */
static void claim_serial_number(struct udev_device *device) {
  int major_number = 4, minor_number = 64;
  FILE *file = fopen("/proc/tty/drivers", "re");
  char line[256];
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    char range[32], type[32];
    int number;
    if (sscanf(line, "%*s %*s %d %31s %31s", &number, range, type) != 3 || strcmp(type, "serial") != 0) continue;
    major_number = number;
    minor_number = atoi(range);
    break;
  }
  if (file != NULL) fclose(file);
  snprintf(device->major, sizeof device->major, "%d", major_number);
  snprintf(device->minor, sizeof device->minor, "%d", minor_number);
  set_property(device, "MAJOR", device->major);
  set_property(device, "MINOR", device->minor);
}

static size_t stem_length(const char *name) {
  size_t length = strlen(name), suffix = strlen(SUFFIX);
  return length > suffix && strcmp(name + length - suffix, SUFFIX) == 0 ? length - suffix : 0;
}

static struct udev_device *load_device(const char *name, int added) {
  size_t stem = stem_length(name);
  if (stem == 0) return NULL;
  struct udev_device *device = calloc(1, sizeof *device);
  if (device == NULL) return NULL;
  if (added && read_text(name, device->text)) remember(name, device->text);
  else if (added || !recall(name, device->text)) {
    free(device);
    return NULL;
  }
  snprintf(device->syspath, sizeof device->syspath, "%s/%.*s", folder(), (int)stem, name);
  device->action = added ? "add" : "remove";
  char *rest = device->text;
  for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
    char *equals = strchr(line, '=');
    if (equals == NULL) continue;
    *equals = '\0';
    set_property(device, line, equals + 1);
  }
  set_property(device, "SUBSYSTEM", "tty");
  set_property(device, "ID_BUS", "usb");
  claim_serial_number(device);
  return device;
}

EXPORTED struct udev_device *udev_device_unref(struct udev_device *device) {
  free(device);
  return NULL;
}
EXPORTED struct udev_device *udev_device_new_from_syspath(void *udev, const char *syspath) {
  (void)udev;
  size_t length = strlen(folder());
  if (syspath == NULL || strncmp(syspath, folder(), length) != 0 || syspath[length] != '/') return NULL;
  char name[NAME_MAX + 1];
  snprintf(name, sizeof name, "%s" SUFFIX, syspath + length + 1);
  return load_device(name, 1);
}
EXPORTED const char *udev_device_get_property_value(struct udev_device *device, const char *key) {
  return property(device, key);
}
EXPORTED const char *udev_device_get_syspath(struct udev_device *device) { return device->syspath; }
EXPORTED const char *udev_device_get_sysname(struct udev_device *device) {
  return strrchr(device->syspath, '/') + 1;
}
EXPORTED const char *udev_device_get_subsystem(struct udev_device *device) { return property(device, "SUBSYSTEM"); }
EXPORTED const char *udev_device_get_devnode(struct udev_device *device) { return property(device, "DEVNAME"); }
EXPORTED const char *udev_device_get_devtype(struct udev_device *device) { return property(device, "DEVTYPE"); }
EXPORTED const char *udev_device_get_driver(struct udev_device *device) { return property(device, "DRIVER"); }
EXPORTED const char *udev_device_get_action(struct udev_device *device) { return device->action; }

/* Asked for, but a serial port with the properties above needs no answer. */
EXPORTED const char *udev_device_get_sysattr_value(void) { return NULL; }
EXPORTED struct udev_device *udev_device_get_parent(void) { return NULL; }
EXPORTED struct udev_device *udev_device_get_parent_with_subsystem_devtype(void) { return NULL; }
EXPORTED struct udev_device *udev_device_new_from_devnum(void) { return NULL; }
EXPORTED struct udev_device *udev_device_new_from_subsystem_sysname(void) { return NULL; }
EXPORTED void *udev_device_get_properties_list_entry(void) { return NULL; }

/* The context holds nothing; any pointer that is not NULL will do. */
static int context;
EXPORTED void *udev_new(void) { return &context; }
EXPORTED void *udev_unref(void *udev) {
  (void)udev;
  return NULL;
}

/* ------------------------------------------------------------------ enumeration and monitor */

/* One interest is enough to tell apart: who asks for other subsystems only gets nothing. */
struct interest {
  int stated;
  int tty;
};
static void add_interest(struct interest *interest, const char *subsystem) {
  interest->stated = 1;
  if (subsystem != NULL && strcmp(subsystem, "tty") == 0) interest->tty = 1;
}
static int wants_tty(const struct interest *interest) { return !interest->stated || interest->tty; }

struct udev_list_entry {
  struct udev_list_entry *next;
  char name[PATH_MAX];
};
struct udev_enumerate {
  struct interest interest;
  struct udev_list_entry *first;
};

EXPORTED struct udev_enumerate *udev_enumerate_new(void *udev) {
  (void)udev;
  return calloc(1, sizeof(struct udev_enumerate));
}
EXPORTED int udev_enumerate_add_match_subsystem(struct udev_enumerate *list, const char *subsystem) {
  add_interest(&list->interest, subsystem);
  return 0;
}
EXPORTED int udev_enumerate_scan_devices(struct udev_enumerate *list) {
  DIR *directory = wants_tty(&list->interest) ? opendir(folder()) : NULL;
  if (directory == NULL) return 0;
  for (struct dirent *file; (file = readdir(directory)) != NULL;) {
    size_t stem = stem_length(file->d_name);
    struct udev_list_entry *entry = stem == 0 || file->d_name[0] == '.' ? NULL : calloc(1, sizeof *entry);
    if (entry == NULL) continue;
    snprintf(entry->name, sizeof entry->name, "%s/%.*s", folder(), (int)stem, file->d_name);
    entry->next = list->first;
    list->first = entry;
  }
  closedir(directory);
  return 0;
}
EXPORTED struct udev_list_entry *udev_enumerate_get_list_entry(struct udev_enumerate *list) { return list->first; }
EXPORTED struct udev_list_entry *udev_list_entry_get_next(struct udev_list_entry *entry) { return entry->next; }
EXPORTED const char *udev_list_entry_get_name(struct udev_list_entry *entry) { return entry->name; }
EXPORTED struct udev_enumerate *udev_enumerate_unref(struct udev_enumerate *list) {
  while (list != NULL && list->first != NULL) {
    struct udev_list_entry *next = list->first->next;
    free(list->first);
    list->first = next;
  }
  free(list);
  return NULL;
}

struct udev_monitor {
  int watch;
  struct interest interest;
};

EXPORTED struct udev_monitor *udev_monitor_new_from_netlink(void *udev, const char *name) {
  (void)udev, (void)name;
  struct udev_monitor *monitor = calloc(1, sizeof *monitor);
  if (monitor != NULL) monitor->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  return monitor;
}
EXPORTED int udev_monitor_filter_add_match_subsystem_devtype(struct udev_monitor *monitor, const char *subsystem,
                                                             const char *type) {
  (void)type;
  add_interest(&monitor->interest, subsystem);
  return 0;
}
EXPORTED int udev_monitor_enable_receiving(struct udev_monitor *monitor) {
  return inotify_add_watch(monitor->watch, folder(), IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE) < 0 ? -1 : 0;
}
EXPORTED int udev_monitor_get_fd(struct udev_monitor *monitor) { return monitor->watch; }
EXPORTED struct udev_device *udev_monitor_receive_device(struct udev_monitor *monitor) {
  /*
   * The browser asks once per wake-up and its poll is edge-like: events left in our own buffer would wait for the
   * next one. A buffer too small for one event answers EINVAL, so growing it step by step takes exactly one.
   */
  union {
    struct inotify_event event;
    char raw[sizeof(struct inotify_event) + NAME_MAX + 17];
  } buffer;
  ssize_t taken = -1;
  for (size_t size = sizeof buffer.event + 16; size <= sizeof buffer.raw; size += 16) {
    taken = read(monitor->watch, buffer.raw, size);
    if (taken >= 0 || errno != EINVAL) break;
  }
  if (taken <= 0 || buffer.event.len == 0 || !wants_tty(&monitor->interest)) return NULL;
  return load_device(buffer.event.name, (buffer.event.mask & IN_MOVED_TO) != 0);
}
EXPORTED struct udev_monitor *udev_monitor_unref(struct udev_monitor *monitor) {
  if (monitor != NULL) close(monitor->watch);
  free(monitor);
  return NULL;
}

/* ------------------------------------------------------------------ the line */

/* Descriptors this process opened as a port (it asked for exclusive use of a pty). */
static char is_port[DESCRIPTORS_MAX];

static int pty_number(int descriptor) {
  struct stat status;
  if (fstat(descriptor, &status) != 0 || !S_ISCHR(status.st_mode)) return -1;
  int group = (int)major(status.st_rdev) - 136; /* Unix98 pty slaves: majors 136 to 143 */
  return group >= 0 && group < 8 ? group * 256 + (int)minor(status.st_rdev) : -1;
}

static int port_number(int descriptor) {
  if (descriptor < 0 || descriptor >= DESCRIPTORS_MAX || !is_port[descriptor]) return -1;
  int number = pty_number(descriptor);
  if (number < 0) is_port[descriptor] = 0; /* closed since, and the descriptor reused */
  return number;
}

static void side_file(char *path, int number, const char *suffix) {
  snprintf(path, PATH_MAX, "%s/pts%d.%s", folder(), number, suffix);
}

static void note(int number, const char *format, ...) {
  char path[PATH_MAX], line[128];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  side_file(path, number, "log");
  int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return;
  if (syscall(SYS_write, file, line, length) < 0) { /* a log of a test: nothing to be done */ }
  syscall(SYS_close, file);
}

EXPORTED ssize_t read(int descriptor, void *buffer, size_t size) {
  int saved = errno, number = port_number(descriptor);
  if (number >= 0) {
    char path[PATH_MAX];
    side_file(path, number, "inject");
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (file >= 0) {
      ssize_t injected = syscall(SYS_read, file, buffer, size);
      syscall(SYS_close, file);
      unlink(path);
      if (injected > 0) return injected;
    }
  }
  errno = saved;
  return syscall(SYS_read, descriptor, buffer, size);
}

EXPORTED int tcflush(int descriptor, int queue) {
  static const char *const names[] = { "in", "out", "both" };
  int number = port_number(descriptor);
  if (number >= 0 && queue >= 0 && queue < 3) note(number, "FLUSH %s\n", names[queue]);
  return (int)syscall(SYS_ioctl, descriptor, TCFLSH, queue);
}

/*
 * Exclusive use is kept here and not given to the kernel: the instrument holds a descriptor of the same tty, so the
 * kernel's flag would outlive the browser's close and refuse the next open.
 */
static int claim_port(int descriptor, int number) {
  for (int other = 0; other < DESCRIPTORS_MAX; other++)
    if (other != descriptor && port_number(other) == number) {
      errno = EBUSY;
      return -1;
    }
  if (descriptor < DESCRIPTORS_MAX) is_port[descriptor] = 1;
  note(number, "OPEN\n");
  return 0;
}

static int read_lines(int number) {
  char path[PATH_MAX];
  int bits = 0;
  side_file(path, number, "lines");
  FILE *file = fopen(path, "re");
  if (file == NULL) return 0;
  if (fscanf(file, "%d", &bits) != 1) bits = 0;
  fclose(file);
  return bits;
}

static int set_line(int descriptor, int number, const struct termios2 *wanted) {
  long result = syscall(SYS_ioctl, descriptor, TCSETS2, wanted);
  struct termios2 now;
  if (result != 0 || syscall(SYS_ioctl, descriptor, TCGETS2, &now) != 0) return (int)result;
  char parity = !(wanted->c_cflag & PARENB) ? 'n' : wanted->c_cflag & PARODD ? 'o' : 'e';
  note(number, "CFG %u %d%c%d rtscts=%d\n", now.c_ospeed, (wanted->c_cflag & CSIZE) == CS7 ? 7 : 8, parity,
       wanted->c_cflag & CSTOPB ? 2 : 1, (wanted->c_cflag & CRTSCTS) != 0);
  return 0;
}

EXPORTED int ioctl(int descriptor, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  switch (request) {
    case TIOCEXCL: case TCSETS2: case TIOCMGET: case TIOCMBIS: case TIOCMBIC: case TIOCSBRK: case TIOCCBRK: break;
    default: return (int)syscall(SYS_ioctl, descriptor, request, argument);
  }
  int saved = errno, number = pty_number(descriptor);
  errno = saved;
  if (number < 0 || getenv("FAKEUDEV_DIR") == NULL) return (int)syscall(SYS_ioctl, descriptor, request, argument);
  switch (request) {
    case TIOCEXCL: return claim_port(descriptor, number);
    case TCSETS2: return set_line(descriptor, number, argument);
    case TIOCMGET: *(int *)argument = read_lines(number); return 0;
    case TIOCSBRK: case TIOCCBRK: note(number, "BRK %d\n", request == TIOCSBRK); return 0;
    default: break;
  }
  int bits = *(int *)argument, on = request == TIOCMBIS;
  if (bits & LINE_DTR) note(number, "DTR %d\n", on);
  if (bits & LINE_RTS) note(number, "RTS %d\n", on);
  return 0;
}
