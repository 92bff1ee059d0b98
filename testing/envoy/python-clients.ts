import { textAt } from '../json.ts'
import { askWithProgram, type ProgramAsking } from './asking-program.ts'

/** Exceptions, as `class: message`. */
export type PythonThrown = {
  readonly openai: string
  /** With the code of the status. */
  readonly triton: string
  readonly requestId: string
}

/** The exceptions of the clients of OpenAI over HTTP and of Triton over gRPC in Python, for all requests in one program. */
export async function askWithPython(
  python: string,
  asked: readonly ProgramAsking[],
): Promise<readonly PythonThrown[]> {
  const thrown = await askWithProgram([python, '-c', PROGRAM], asked)
  return thrown.map((each) => ({
    openai: textAt(each, 'openai'),
    triton: textAt(each, 'triton'),
    requestId: textAt(each, 'requestId'),
  }))
}

const PROGRAM = `
import json, sys
import numpy
import openai
import tritonclient.grpc as triton

def over_http(asked, own):
    sent = {"Host": asked["host"], "Authorization": openai.Omit(), **own}
    base = "http://%s:%d%s/v1" % (asked["address"], asked["port"], asked["prefix"])
    client = openai.OpenAI(api_key="unused", base_url=base, max_retries=0)
    try:
        messages = [{"role": "user", "content": "hello"}]
        client.chat.completions.create(model="m", messages=messages, extra_headers=sent)
    except openai.APIStatusError as error:
        return {"openai": "%s: %s" % (type(error).__name__, error), "requestId": error.request_id}

def over_grpc(asked):
    authority = [("grpc.default_authority", asked["host"])]
    client = triton.InferenceServerClient("%s:%d" % (asked["address"], asked["port"]), channel_args=authority)
    given = triton.InferInput("x", [1], "FP32")
    given.set_data_from_numpy(numpy.zeros([1], numpy.float32))
    try:
        client.infer("sk", [given], headers=dict(asked["headers"]))
    except triton.InferenceServerException as error:
        return {"triton": "%s %s: %s" % (type(error).__name__, error.status(), error.message())}
    finally:
        client.close()

def named(asked):
    return {"Authorization" if name == "authorization" else name: value for name, value in asked["headers"]}

print(json.dumps([{**over_http(each, named(each)), **over_grpc(each)} for each in json.load(sys.stdin)]))
`
