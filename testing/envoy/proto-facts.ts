import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import protobuf from 'protobufjs'
import descriptor from 'protobufjs/google/protobuf/descriptor.json' with { type: 'json' }

// Envoy's files extend descriptor.proto, which protobufjs does not load by itself.
protobuf.common('descriptor', descriptor.nested.google.nested.protobuf.nested)

const XDS = createRequire(import.meta.url).resolve('@grpc/grpc-js-xds/package.json')

/** The folders of Envoy's own definitions and of their imports. */
export const ENVOY_PROTOS: readonly string[] = [
  'envoy-api',
  'xds',
  'googleapis',
  'protoc-gen-validate',
].map((folder) => path.join(path.dirname(XDS), 'deps', folder))

/** Loads a proto file and its imports, each from the first folder that has it. */
export function loadProto(file: string, folders: readonly string[]): protobuf.Root {
  const root = new protobuf.Root()
  root.resolvePath = (_origin, target) =>
    folders.map((folder) => path.join(folder, target)).find((name) => existsSync(name)) ??
    (protobuf.common.get(target) === null ? null : target)
  root.loadSync(file, { keepCase: true })
  root.resolveAll()
  return root
}

/** Parses a proto file without imports from its text. */
export function parseProto(text: string): protobuf.Root {
  const { root } = protobuf.parse(text, { keepCase: true })
  root.resolveAll()
  return root
}

/**
 * Facts about every field, enum value and method, by full name. Two descriptions agree on the wire if their facts
 * are equal. Messages of google.protobuf are left out: both sides take them from protobufjs.
 */
export function factsOf(parent: protobuf.NamespaceBase): Map<string, string> {
  if (parent.fullName === '.google.protobuf') return new Map()
  return new Map(parent.nestedArray.flatMap((child) => [...ownFacts(child), ...innerFacts(child)]))
}

function innerFacts(child: protobuf.ReflectionObject): Iterable<[string, string]> {
  return child instanceof protobuf.Namespace ? factsOf(child) : []
}

function ownFacts(child: protobuf.ReflectionObject): [string, string][] {
  if (child instanceof protobuf.Type) {
    return child.fieldsArray.map((field) => [field.fullName, fieldFact(field)])
  }
  if (child instanceof protobuf.Service) {
    return child.methodsArray.map((method) => [method.fullName, methodFact(method)])
  }
  if (child instanceof protobuf.Enum) {
    return Object.entries(child.values).map(([name, value]) => [
      `${child.fullName}.${name}`,
      `= ${value}`,
    ])
  }
  return []
}

function fieldFact(field: protobuf.Field): string {
  const type = field.resolvedType?.fullName ?? field.type
  const whole = field instanceof protobuf.MapField ? `map<${field.keyType}, ${type}>` : type
  const label = field.repeated ? 'repeated ' : field.required ? 'required ' : ''
  const oneof = field.partOf === null ? '' : ` in oneof ${field.partOf.name}`
  return `${label}${whole} = ${field.id}${oneof}`
}

function methodFact(method: protobuf.Method): string {
  const request = `${method.requestStream ? 'stream ' : ''}${method.resolvedRequestType?.fullName}`
  const response = `${method.responseStream ? 'stream ' : ''}${method.resolvedResponseType?.fullName}`
  return `(${request}) returns (${response})`
}
