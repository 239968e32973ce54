import type { ProfileRecord } from "../../../src/profile/index.ts";

interface Example {
  readonly text: string;
  readonly logFormat?: string;
  readonly precisionNs: number;
  /** How the start begins: as far as it is known. */
  readonly startedAt: string;
  readonly record: Partial<ProfileRecord>;
}

/** One log for each format, of one request; of the formats that are sniffed, under their names. */
export const EXAMPLES: Readonly<Record<string, Example>> = {
  alb: {
    text:
      "http 2018-07-02T22:23:00.186641Z app/my-lb/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.002 " +
      '200 200 34 366 "GET http://www.example.com:80/a?x=1 HTTP/1.1" "curl/7.46.0" - - arn:aws:x:targetgroup/t/73e2 ' +
      '"Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-" ' +
      '"10.0.0.1:80" "200" "-" "-" TID_1234abcd5678ef90 "-" "-" "-"',
    precisionNs: 1e6,
    startedAt: "2018-07-02T22:22:48.364Z",
    record: {
      path: "/a?x=1",
      status: 200,
      responseBytes: 366,
      serviceTimeUs: 3_000,
      headers: [["user-agent", "curl/7.46.0"]],
    },
  },
  cloudfront: {
    text: [
      "#Version: 1.0",
      "#Fields: date time c-ip cs-method cs(Host) cs-uri-stem sc-status sc-bytes " +
        "cs(User-Agent) cs-uri-query time-taken",
      "2019-12-04\t21:02:31\t192.0.2.1\tGET\td1.cloudfront.net\t/i.html\t200\t615\tMozilla/5.0%2520(X)\ta=b\t2.500",
    ].join("\n"),
    precisionNs: 1e9,
    // The end's second less 2.5 s is in one of two seconds.
    startedAt: "2019-12-04T21:02:2",
    record: {
      path: "/i.html?a=b",
      status: 200,
      responseBytes: 615,
      serviceTimeUs: 2_500_000,
      headers: [["user-agent", "Mozilla/5.0 (X)"]],
    },
  },
  haproxy: {
    text:
      "Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 " +
      '10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /i#22.html HTTP/1.1"',
    precisionNs: 1e6,
    startedAt: "2009-02-06T12:14:14.655Z",
    record: { path: '/i".html', status: 200, serviceTimeUs: 109_000, responseBytes: 2_750 },
  },
  "ingress-nginx": {
    text:
      '192.0.2.1 - - [26/Nov/2026:23:37:04 +0000] "GET /a HTTP/1.1" 502 12 "-" "c" 345 1.001 [def-x-80] [] ' +
      "10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80 0, 12 : 3 0.000, 1.000 : - 502, 403 : 200 abcdef",
    precisionNs: 1e9,
    startedAt: "2026-11-26T23:37:0",
    record: {
      path: "/a",
      status: 502,
      serviceTimeUs: 1_001_000,
      responseBytes: 12,
      headers: [["user-agent", "c"]],
    },
  },
  envoy: {
    text:
      '[2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" ' +
      '"cc21d9b0" "locations" "tcp://10.0.2.1:80"',
    precisionNs: 1e6,
    startedAt: "2016-04-15T20:17:00.310Z",
    record: { method: "POST", path: "/api/v1/locations", status: 204, serviceTimeUs: 226_000 },
  },
  istio: {
    text:
      '[2020-11-25T21:26:18.409Z] "GET /status/418 HTTP/1.1" 418 - via_upstream - "-" 0 135 4 4 "-" "curl/7.73.0" ' +
      '"84961386" "httpbin:8000" "10.44.1.27:80" outbound|8000||httpbin 10.44.1.23:37652 10.0.45.184:8000 ' +
      "10.44.1.23:46520 - default",
    precisionNs: 1e6,
    startedAt: "2020-11-25T21:26:18.409Z",
    record: { path: "/status/418", status: 418, serviceTimeUs: 4_000, responseBytes: 135 },
  },
  "envoy-json": {
    text: `{"start_time":"2020-11-25T21:26:18.409Z","method":"GET","path":"/x?y","response_code":0,"duration":4,"response_flags":"UT","bytes_sent":24}`,
    precisionNs: 1e6,
    startedAt: "2020-11-25T21:26:18.409Z",
    record: { path: "/x?y", serviceTimeUs: 4_000, responseBytes: 24 },
  },
  "nginx-json": {
    text: `{"msec":1700000000.123,"request":"GET /x HTTP/1.1","status":"200","request_time":"0.020","bytes_sent":900,"body_bytes_sent":612}`,
    precisionNs: 1e6,
    startedAt: "2023-11-14T22:13:20.103Z",
    record: { path: "/x", status: 200, serviceTimeUs: 20_000, responseBytes: 612 },
  },
  "nginx-json-seconds": {
    text: `{"time_iso8601":"2026-11-26T23:37:04+00:00","request_method":"GET","request_uri":"/x","status":"200"}`,
    precisionNs: 1e9,
    startedAt: "2026-11-26T23:37:04",
    record: { path: "/x", status: 200 },
  },
  "nginx: values one behind the other, and a coarser time beside a finer one": {
    text: `[14/Nov/2023:22:13:20 +0000] 1700000000.123 GET 200 0.020 http://shop/a?b "s1"`,
    logFormat:
      '[$time_local] $msec $request_method $status $request_time $scheme://$host$uri$is_args$args "$cookie_sid"',
    precisionNs: 1e6,
    startedAt: "2023-11-14T22:13:20.103Z",
    record: { path: "/a?b", serviceTimeUs: 20_000, headers: [["cookie", "sid=s1"]] },
  },
  "apache: the begin in pieces": {
    text: String.raw`1.2.3.4 [10/Oct/2000:13:55:36 -0700].123 /a?b=1 GET "a \" b" 1234 200`,
    logFormat: '%h %t.%{msec_frac}t %U%q %m "%{User-Agent}i" %D %>s',
    precisionNs: 1e6,
    startedAt: "2000-10-10T20:55:36.123Z",
    record: { path: "/a?b=1", serviceTimeUs: 1_234, headers: [["user-agent", 'a " b']] },
  },
  "apache: the finer end less the duration": {
    text: "[10/Oct/2000:13:55:36 +0000] 971186137000250 250 - 160 GET / HTTP/1.1",
    logFormat: "%t %{end:usec}t %D %b %O %r",
    precisionNs: 1e3,
    startedAt: "2000-10-10T13:55:37.000Z",
    record: { path: "/", serviceTimeUs: 250, responseBytes: 0 },
  },
  "apache: begin and end make the duration": {
    text: "2000-10-10 13:55:36.000123|971186136001123|GET / HTTP/1.1",
    logFormat: "%{%F %T}t.%{usec_frac}t|%{end:usec}t|%r",
    precisionNs: 1e3,
    startedAt: "2000-10-10T13:55:36.000Z",
    record: { path: "/", serviceTimeUs: 1_000 },
  },
  "envoy: a string of one's own": {
    text: "1700000000.123 7 GET /x 200 shop:8080 10.0.0.9:4711",
    logFormat:
      "%START_TIME(%s.%3f)% %DURATION% %REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE% " +
      "%REQ(:AUTHORITY)% %DOWNSTREAM_REMOTE_ADDRESS%\\n",
    precisionNs: 1e6,
    startedAt: "2023-11-14T22:13:20.123Z",
    record: { path: "/x", status: 200, serviceTimeUs: 7_000 },
  },
};
