# Runs in a container: see machine.Dockerfile. What the base image has already is used as it is; what it
# lacks comes from its distribution. Takes MODULES and PROGRAMS from the environment, reads /source and
# writes /parts.
set -eu

has_kernel() { ls "$1"/boot/vmlinuz-* >/dev/null 2>&1; }

wanted=
command -v gcc >/dev/null && [ -e /usr/include/linux/seccomp.h ] || wanted='gcc libc6-dev'
command -v depmod >/dev/null || has_kernel '' || wanted="$wanted kmod"
if [ -n "$wanted" ] || ! has_kernel ''; then apt-get update; fi
[ -z "$wanted" ] || apt-get install --yes --no-install-recommends $wanted

root=
if ! has_kernel ''; then
  # Its files alone: installed, it would make an initramfs of this container.
  name=$(apt-cache depends "linux-image-$(dpkg --print-architecture)" | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
  mkdir -p /kernel/packed
  (cd /kernel/packed && apt-get download "$name")
  dpkg-deb -x /kernel/packed/*.deb /kernel
  root=/kernel
fi

image=$(ls "$root"/boot/vmlinuz-* | tail -n 1)
version=${image##*/vmlinuz-}
modules=$root/lib/modules/$version
[ -d "$modules" ] || modules=$root/usr/lib/modules/$version
[ -s "$modules/modules.dep" ] || depmod -b "${modules%/lib/modules/*}" "$version"

out=/parts/lib/modules/$version
mkdir -p /parts/boot /parts/programs "$out"
cp "$image" "$root/boot/config-$version" /parts/boot
cp "$modules/modules.dep" "$modules/modules.builtin" "$out"
# Each with what it needs: a line is `path.ko: path.ko path.ko`.
for name in $MODULES; do
  pattern=$(echo "$name" | sed 's/_/[_-]/g')
  sed -n "s|^\(\(.*/\)\{0,1\}$pattern\.ko[.a-z]*\):\(.*\)|\1 \3|p" "$modules/modules.dep"
done | tr -s ' ' '\n' | sort -u | while read -r path; do
  [ -n "$path" ] || continue
  mkdir -p "$out/${path%/*}"
  cp "$modules/$path" "$out/$path"
done

for name in $PROGRAMS; do
  gcc -std=c11 -O2 -fstack-protector-strong -static "/source/$name.c" -o "/parts/programs/$name"
done
echo "kernel $version, $(ls /parts/programs | tr '\n' ' ')"
