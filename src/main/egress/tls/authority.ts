import 'reflect-metadata'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import type { Inspection } from '../../core/egress-port.ts'

const CURVE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const HOUR_MS = 3_600_000
/** Longer than any session; clients refuse what is valid for more than 825 days. */
const VALID_MS = 60 * 24 * HOUR_MS
/** Hosts whose certificates are kept ready. */
const MOST_LEAVES = 500

/**
 * An authority of one session. Its key is made here, is never written anywhere, and is gone with the
 * object; only programs inside that session trust its certificate.
 */
export async function createAuthority(): Promise<Inspection> {
  const [own, leaf] = await Promise.all([
    crypto.subtle.generateKey(CURVE, false, ['sign', 'verify']),
    crypto.subtle.generateKey(CURVE, true, ['sign', 'verify']),
  ])
  const times = () => ({
    // Clocks inside containers and virtual machines may lag.
    notBefore: new Date(Date.now() - HOUR_MS),
    notAfter: new Date(Date.now() + VALID_MS),
  })
  const name = 'CN=Cloche session authority'
  const authority = await x509.X509CertificateGenerator.createSelfSigned(
    {
      ...times(),
      name,
      keys: own,
      signingAlgorithm: CURVE,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        await x509.SubjectKeyIdentifierExtension.create(own.publicKey, false, crypto),
      ],
    },
    crypto,
  )
  const exported = Buffer.from(await crypto.subtle.exportKey('pkcs8', leaf.privateKey))
  const key = x509.PemConverter.encode(exported, 'PRIVATE KEY')
  const certificate = authority.toString('pem')

  const issue = async (host: string): Promise<string> => {
    const issued = await x509.X509CertificateGenerator.create(
      {
        ...times(),
        // A common name holds 64 letters; clients only read the alternative names.
        subject: 'CN=Cloche gateway',
        issuer: name,
        publicKey: leaf.publicKey,
        signingKey: own.privateKey,
        signingAlgorithm: CURVE,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension([
            { type: isIP(host) === 0 ? 'dns' : 'ip', value: host },
          ]),
          await x509.AuthorityKeyIdentifierExtension.create(own.publicKey, false, crypto),
        ],
      },
      crypto,
    )
    return `${issued.toString('pem')}\n${certificate}\n`
  }

  const leaves = new Map<string, Promise<string>>()
  return {
    certificate: `${certificate}\n`,
    leafFor: async (host) => {
      const cert = leaves.get(host) ?? issue(host)
      leaves.delete(host)
      leaves.set(host, cert)
      const [oldest] = leaves.keys()
      if (leaves.size > MOST_LEAVES && oldest !== undefined) leaves.delete(oldest)
      return { key, cert: await cert }
    },
  }
}
