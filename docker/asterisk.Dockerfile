# Asterisk 22 LTS as Debian packages it; its configuration comes from the volume that the
# `pbx-config` service writes. Build context: the checkout.
FROM debian:sid-slim

# A mirror's list may be past its date; its signature is still checked.
RUN printf 'Acquire::Check-Valid-Until "false";\nAcquire::Retries "5";\n' >/etc/apt/apt.conf.d/99hotline \
 && apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends asterisk \
 && dpkg --compare-versions "$(dpkg-query -W -f '${Version}' asterisk)" ge 1:22.8 \
 && ln -s /usr/lib/*-linux-gnu*/asterisk/modules /usr/lib/asterisk-modules \
 && rm -rf /var/lib/apt/lists/* /etc/asterisk \
 && groupadd --gid 10001 hotline \
 && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin hotline \
 && install -d -o hotline -g hotline /var/lib/hotline/pbx

USER 10001:10001
VOLUME /var/lib/hotline/pbx
EXPOSE 5060/udp 5064/udp 12000-12199/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["asterisk", "-C", "/var/lib/hotline/pbx/etc/asterisk.conf", "-rx", "core waitfullybooted"]
CMD ["asterisk", "-f", "-C", "/var/lib/hotline/pbx/etc/asterisk.conf"]
