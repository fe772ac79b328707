package message

import (
	"strings"
	"testing"
)

// ordinary is a header as it comes from a mailing list: 25 fields, 2 KB.
var ordinary = strings.ReplaceAll(`Return-Path: <bounces+1234-abcd-ann=example.org@mailer.shop.example>
Delivered-To: ann@example.org
Received: from mx1.example.org (mx1.example.org [192.0.2.7])
	by store.example.org (Dovecot) with LMTP id ab3XYZ0kT2aBCDEF
	for <ann@example.org>; Mon, 14 Sep 2026 10:12:05 +0200 (CEST)
Received: from mail-out-17.mailer.shop.example (mail-out-17.mailer.shop.example [198.51.100.17])
	(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))
	by mx1.example.org (Postfix) with ESMTPS id 4XyzAB12cdz9sT1
	for <ann@example.org>; Mon, 14 Sep 2026 10:12:04 +0200 (CEST)
Authentication-Results: mx1.example.org; dkim=pass header.d=shop.example
	header.s=k1; spf=pass smtp.mailfrom=mailer.shop.example; dmarc=pass
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=shop.example; s=k1;
	h=from:to:subject:date:message-id:mime-version:content-type:list-unsubscribe;
	bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;
	b=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSbav+yuU4zGeeruD00lszZVoG4ZHRNiYzR8LoXSlEniSbav
	 wIDAQABoIBAQCWZyDmJFjmXUF6rKy7c9yZ1z8QfJSTQvZLqFlLwEVYLdTnoYQbm+w0VuGvG0CEX3
X-Mailer: ShopMailer 7.2
X-Campaign: 2026-09-weekly
X-Report-Abuse: abuse@mailer.shop.example
X-Priority: 3
Precedence: bulk
List-Id: Weekly deals <deals.shop.example>
List-Unsubscribe: <https://shop.example/u/1234>, <mailto:u+1234@shop.example>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
Feedback-ID: 1234:abcd:shop
Reply-To: "Shop Example" <reply@shop.example>
From: "Shop Example" <news@shop.example>
To: Ann Example <ann@example.org>
Cc: Bob <bob@example.org>
Subject: This week only: twenty per cent off everything in the shop
Date: Mon, 14 Sep 2026 08:11:58 +0000
Message-ID: <20260914081158.1234.abcd@mailer.shop.example>
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable
X-Spam-Status: No, score=-1.2

`, "\n", "\r\n")

// What each message costs that a rule looks at.
func BenchmarkHeader(b *testing.B) {
	octets := []byte(ordinary)
	b.ReportAllocs()
	for b.Loop() {
		h := ParseHeader(octets)
		if _, ok := h.Date(); !ok || h.Subject() == "" || h.From().Address != "news@shop.example" {
			b.Fatal("the header was not read")
		}
	}
}

// What each message costs that passes.
func BenchmarkGlance(b *testing.B) {
	octets := []byte(ordinary)
	b.ReportAllocs()
	for b.Loop() {
		Glance(octets)
	}
}

func BenchmarkParts(b *testing.B) {
	part := "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + strings.Repeat("A line of text, as there are many.\r\n", 200)
	octets := []byte("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat(part, 10) + "--b--\r\n")
	b.SetBytes(int64(len(octets)))
	b.ReportAllocs()
	for b.Loop() {
		if got := len(Parse(octets).Parts()); got != 10 {
			b.Fatalf("got %d parts, want 10", got)
		}
	}
}

func BenchmarkHTML(b *testing.B) {
	html := "<html><body><table>" + strings.Repeat(`<tr><td><p style="x">Some <b>text</b> and <a href="https://shop.example/1">a link</a></p></td></tr>`, 500) + "</table></body></html>"
	octets := []byte("Content-Type: text/html\r\n\r\n" + html)
	b.SetBytes(int64(len(octets)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(octets).Text()
	}
}
