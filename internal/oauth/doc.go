// Package oauth gets OAuth 2.0 access tokens for accounts (RFC 6749): once with
// a person's consent, in the browser (RFC 8252, RFC 7636) or by a code entered
// on another device (RFC 8628), and from then on by refreshing. Tokens are kept
// in a store that several processes may use at once. It asks nobody but the
// provider that it is given, and knows nothing of mail.
package oauth
